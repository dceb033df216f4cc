"""Convolutions as patches are the convolutions, forwards and backwards, or are left alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.jax

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("size", "window", "settings"),
    [
        (8, 3, {"window_strides": (1, 1), "padding": "SAME"}),
        (9, 3, {"window_strides": (2, 2), "padding": "VALID"}),
        (12, 5, {"window_strides": (1, 1), "padding": "SAME"}),
        (8, 3, {"window_strides": (1, 1), "padding": "SAME", "feature_group_count": 2}),
        (8, 3, {"window_strides": (1, 1), "padding": "VALID", "rhs_dilation": (2, 2)}),
    ],
)
def test_a_convolution_and_its_gradients(size: int, window: int, settings: dict[str, Any]) -> None:
    import jax

    from luthier.programs import as_patches, trace

    images = RANDOM.random((3, size, size, 2)).astype("float32")
    taken = 2 // settings.get("feature_group_count", 1)
    kernels = RANDOM.random((window, window, taken, 4)).astype("float32")

    def loss(images: Any, kernels: Any) -> Any:
        out = jax.lax.conv_general_dilated(
            images, kernels, dimension_numbers=("NHWC", "HWIO", "NHWC"), **settings
        )
        return (out**2).sum()

    one = trace(jax.grad(loss, (0, 1)), images, kernels)
    ours = one.replay(one.constants, images, kernels, rule=as_patches)
    for a, b in zip(ours, jax.grad(loss, (0, 1))(images, kernels), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-4)


@pytest.mark.parametrize("padding", ["SAME", "VALID", ((0, 2), (1, 0))])
@pytest.mark.parametrize(
    ("rows", "columns", "window"), [(7, 8, (3, 3)), (4, 2, (3, 1)), (2, 3, (2, 3))]
)
def test_fewer_channels_than_before(rows: int, columns: int, window: Any, padding: Any) -> None:
    import jax

    from luthier.programs import as_patches, trace

    images = RANDOM.random((3, rows, columns, 5)).astype("float32")
    kernels = RANDOM.random((*window, 5, 2)).astype("float32")

    def convolved(images: Any, kernels: Any) -> Any:
        return jax.lax.conv_general_dilated(
            images, kernels, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    one = trace(convolved, images, kernels)
    ours = one.replay(one.constants, images, kernels, rule=as_patches)
    assert "conv_general_dilated" not in str(
        jax.make_jaxpr(lambda *given: one.replay(one.constants, *given, rule=as_patches))(
            images, kernels
        )
    )
    np.testing.assert_allclose(ours, convolved(images, kernels), rtol=2e-5, atol=1e-5)


def test_the_probe_finds_convolutions_and_times_them_once() -> None:
    import jax

    from luthier.programs import ConvolutionProbe, trace
    from luthier.programs import _jax_convolutions as module

    images = RANDOM.random((2, 6, 6, 1)).astype("float32")
    kernels = RANDOM.random((3, 3, 1, 2)).astype("float32")
    one = trace(
        jax.jit(
            lambda i, k: jax.lax.conv(
                i.transpose(0, 3, 1, 2), k.transpose(3, 2, 0, 1), (1, 1), "SAME"
            )
        ),
        images,
        kernels,
    )
    probe = ConvolutionProbe()
    assert probe.has_any(one)
    assert not probe.has_any(trace(lambda x: x * 2, images))
    first = probe.prefers_patches(one)
    assert len(probe._seconds) == len(list(module.convolutions(one.closed.jaxpr))) == 1
    assert probe.prefers_patches(one) is first
