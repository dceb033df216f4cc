"""Gradients for the asking: guide 003's numbers, higher derivatives, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import luthier
from luthier.errors import FatalTypeError, FatalValueError

pytestmark = pytest.mark.keras

X = np.array([2.0, 5.0], "float32")
Y = np.array([3.0, 8.0], "float32")


def array(value: Any) -> Any:
    import keras

    return np.asarray(keras.ops.convert_to_numpy(value))


@luthier.custom_gradient
def bar(x: Any, y: Any) -> Any:
    """Guide 003's: a product that says its own gradient."""

    def grad(upstream: Any) -> Any:
        return upstream * y, upstream * x

    return x * y, grad


@pytest.mark.parametrize("three", [3, 3.0, np.float32(3)])
def test_the_derivative_of_a_square_at_3_is_6(three: Any) -> None:
    assert float(luthier.gradient(lambda x: x * x)(three)) == 6


def test_inputs_may_be_given_by_name() -> None:
    assert float(luthier.gradient(lambda x, y: x * y, "y")(2.0, y=5.0)) == 2
    assert float(luthier.gradient(luthier.gradient(lambda x: x**3))(x=2.0)) == 12


def test_gradients_by_variables_of_gradients_by_variables() -> None:
    import keras

    weight = keras.Variable(2.0)

    def slope() -> Any:
        return luthier.value_and_gradients(lambda: weight.value**3, weight)[1]

    value, second = luthier.value_and_gradients(slope, weight)
    assert (float(value), float(second)) == (12, 12)


def test_a_penalty_on_gradients_by_inputs_has_gradients_by_variables() -> None:
    import keras

    weight = keras.Variable([2.0, 3.0])

    def penalty() -> Any:  # (d/dx of the sum of w x^2)^2 = 4 w^2 x^2
        slopes = luthier.gradient(lambda x: weight.value * x * x)(keras.ops.convert_to_tensor(X))
        return keras.ops.sum(slopes**2)

    value, gradients = luthier.value_and_gradients(penalty, weight)
    assert float(value) == 4 * 4 * 4 + 4 * 9 * 25
    assert array(gradients).tolist() == [8 * 2 * 4, 8 * 3 * 25]


def test_what_does_not_depend_on_variables_has_gradients_of_zeros() -> None:
    import keras

    weight = keras.Variable([2.0, 3.0])
    for constant in (1.0, keras.ops.convert_to_tensor(1.0)):
        value, gradients = luthier.value_and_gradients(lambda one=constant: one, weight)
        assert float(value) == 1
        assert array(gradients).tolist() == [0, 0]


def test_gradients_of_gradients() -> None:
    cube = luthier.gradient(luthier.gradient(lambda x: x**3))
    assert float(cube(2.0)) == 12
    assert float(luthier.gradient(cube)(2.0)) == 6
    mixed = luthier.gradient(luthier.gradient(bar, "x"), "y")
    assert float(mixed(2.0, 3.0)) == 1


def test_a_function_with_its_own_gradient_as_in_guide_003() -> None:
    tape = luthier.differentiate(bar, X, Y)
    assert array(tape.value).tolist() == [6, 40]
    assert array(tape.gradient("x")).tolist() == [3, 8]
    assert array(tape.gradient("y")).tolist() == [2, 5]


def test_an_upstream_gradient_is_multiplied_in() -> None:
    tape = luthier.differentiate(bar, X, Y)
    assert array(tape.gradient(0, upstream=[1.0, 10.0])).tolist() == [3, 80]
    assert [array(one).tolist() for one in tape.gradient(upstream=2.0)] == [[6, 16], [4, 10]]


def test_what_has_no_influence_has_a_gradient_of_zeros() -> None:
    tape = luthier.differentiate(lambda x, y: x * 2.0, X, Y)
    assert array(tape.gradient("y")).tolist() == [0, 0]


def test_a_straight_through_estimator() -> None:
    import keras

    @luthier.custom_gradient
    def rounded(x: Any) -> Any:
        return keras.ops.round(x), lambda upstream: upstream

    derivative = luthier.gradient(lambda x: keras.ops.sum(rounded(x) ** 2))
    assert array(derivative(np.array([1.2, 2.7], "float32"))).tolist() == [2, 6]


def test_a_value_handed_on_may_have_its_own_gradient() -> None:
    turned = luthier.custom_gradient(lambda x: (x, lambda upstream: -upstream))
    assert float(luthier.gradient(turned)(2.0)) == -1


def test_gradients_by_the_variables_of_a_model() -> None:
    import keras

    layer = keras.layers.Dense(1, kernel_initializer="ones")
    layer.build((None, 2))

    def loss() -> Any:
        outputs = layer(X[None])
        return keras.ops.sum(outputs**2), outputs

    (value, outputs), (kernel, bias) = luthier.value_and_gradients(loss, layer.trainable_variables)
    assert float(value) == 49
    assert array(outputs).tolist() == [[7]]
    assert array(kernel).ravel().tolist() == [28, 70]
    assert array(bias).tolist() == [14]
    _, alone = luthier.value_and_gradients(loss, layer.kernel)
    assert array(alone).tolist() == array(kernel).tolist()


def test_variables_that_the_function_assigns_stay_assigned() -> None:
    import keras

    layer = keras.layers.BatchNormalization(momentum=0.5)
    layer.build((None, 2))
    x = np.array([[0.0, 2.0], [4.0, 6.0]], "float32")
    luthier.value_and_gradients(
        lambda: keras.ops.sum(layer(x, training=True)), layer.trainable_variables
    )
    assert array(layer.moving_mean).tolist() == [1, 2]


def test_what_cannot_be_differentiated_is_refused() -> None:
    import keras

    weight = keras.Variable(X)
    with pytest.raises(FatalValueError, match=r"scalar, got an array of shape \(2,\)"):
        luthier.value_and_gradients(lambda: weight * 2.0, [weight])
    with pytest.raises(FatalTypeError, match=r"return a scalar.*got None"):
        luthier.value_and_gradients(lambda: None, [weight])
    with pytest.raises(FatalTypeError, match=r"Keras variables.*got 1.0"):
        luthier.value_and_gradients(lambda: 0.0, [1.0])
    with pytest.raises(FatalTypeError, match="got none"):
        luthier.value_and_gradients(lambda: 0.0, [])
    with pytest.raises(FatalTypeError, match="at least one input"):
        luthier.differentiate(lambda: 0.0)
    with pytest.raises(FatalValueError, match="one of the arguments x, y, got 'z'"):
        luthier.differentiate(bar, X, Y).gradient("z")
    with pytest.raises(FatalValueError, match="2 inputs, so none has the position 2"):
        luthier.differentiate(bar, X, Y).gradient(2)


def test_a_gradient_of_ones_own_is_looked_at() -> None:
    no_gradient = luthier.custom_gradient(lambda x: x)
    with pytest.raises(FatalTypeError, match=r"its value and a function grad\(upstream\)"):
        luthier.gradient(no_gradient)(1.0)
    too_few = luthier.custom_gradient(lambda x, y: (x * y, lambda upstream: upstream))
    with pytest.raises(FatalValueError, match="return 2 gradients, one for each argument, got 1"):
        luthier.gradient(too_few)(1.0, 2.0)
