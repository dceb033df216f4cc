BEGIN TRANSACTION;
CREATE TABLE luthier_measurement (
	study_id INTEGER NOT NULL,
	number BIGINT NOT NULL,
	execution BIGINT NOT NULL,
	step BIGINT NOT NULL,
	attempt BIGINT NOT NULL,
	content TEXT NOT NULL,
	PRIMARY KEY (study_id, number, execution, step)
)
 WITHOUT ROWID

;
INSERT INTO "luthier_measurement" VALUES(1,2,0,0,1,'{"v":1,"step":[0],"seconds":[0.5],"metrics":{"loss":[{"$float":"nan"}],"a":[1.0]}}');
INSERT INTO "luthier_measurement" VALUES(1,2,0,1,1,'{"v":1,"step":[1],"seconds":[1.0],"metrics":{"loss":[0.25]}}');
CREATE TABLE luthier_schema (
	layout INTEGER NOT NULL
);
INSERT INTO "luthier_schema" VALUES(1);
CREATE TABLE luthier_study (
	id INTEGER NOT NULL,
	name TEXT NOT NULL,
	revision BIGINT NOT NULL,
	spec TEXT NOT NULL,
	checksum BIGINT NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (name)
);
INSERT INTO "luthier_study" VALUES(1,'étude',15,'{"v":1,"name":"\u00e9tude","space":{"space":[{"class_name":"Choice","config":{"name":"kind","default":"a","conditions":[],"values":["a",null,{"$tuple":["b",2]}],"ordered":false}},{"class_name":"Int","config":{"name":"units","default":null,"conditions":[{"class_name":"Parent","config":{"name":"kind","values":["a"]}}],"min_value":8,"max_value":64,"step":8,"sampling":"linear"}},{"class_name":"Float","config":{"name":"rate","default":0.0001,"conditions":[],"min_value":0.0001,"max_value":0.1,"step":null,"sampling":"log"}}]},"objectives":[{"name":"loss","direction":"min"},{"objectives":[{"name":"a","direction":"min"},{"name":"b","direction":"max"}]}],"seed":18446744073709551615,"settings":{"sampler":{"name":"random"}}}',1042240093);
CREATE TABLE luthier_trial (
	study_id INTEGER NOT NULL,
	number BIGINT NOT NULL,
	revision BIGINT NOT NULL,
	state TEXT NOT NULL,
	seen BIGINT NOT NULL,
	attempt BIGINT NOT NULL,
	failures BIGINT NOT NULL,
	worker TEXT,
	lease DOUBLE,
	started DOUBLE,
	ended DOUBLE,
	suggestion TEXT NOT NULL,
	results TEXT NOT NULL,
	measurements TEXT,
	checksum BIGINT NOT NULL,
	PRIMARY KEY (study_id, number)
);
INSERT INTO "luthier_trial" VALUES(1,0,6,'completed',0,1,0,'ann',NULL,100.0,200.5,'{"v":1,"values":{"kind":"a","units":8,"rate":0.01},"budget":3,"note":"random","extra":{"bracket":1}}','{"v":1,"values":{"kind":"a","units":8,"rate":0.01,"met":true},"metrics":{"loss":0.25,"a":0.5,"b":{"$float":"inf"}},"spread":{"loss":0.125},"scores":[0.25,-0.5],"best_step":1,"found":[{"class_name":"Boolean","config":{"name":"met"}}],"info":{"seconds":1.5}}','{"v":1,"step":[0,1,0],"seconds":[0.5,1.0,0.75],"metrics":{"loss":[{"$float":"nan"},0.25,0.5],"a":[1.0,null,null]},"execution":[0,0,1]}',3398424173);
INSERT INTO "luthier_trial" VALUES(1,1,9,'failed',1,1,2,'ann',NULL,100.0,300.0,'{"v":1,"values":{"kind":{"$tuple":["b",2]},"rate":0.001},"resume_from":0}','{"v":1,"values":{"kind":{"$tuple":["b",2]},"rate":0.001},"message":"Traceback: \"\u00e9\"\n"}','{"v":1,"step":[],"seconds":[],"metrics":{}}',4195182979);
INSERT INTO "luthier_trial" VALUES(1,2,14,'paused',0,1,0,NULL,NULL,100.0,NULL,'{"v":1,"values":{"kind":{"$tuple":["b",2]},"rate":0.001},"resume_from":0}','{"v":1,"values":{"kind":{"$tuple":["b",2]},"rate":0.001}}',NULL,2731776399);
INSERT INTO "luthier_trial" VALUES(1,3,15,'waiting',0,0,0,NULL,NULL,NULL,NULL,'{"v":1,"values":{"kind":"a","units":8,"rate":0.01},"budget":3,"note":"random","extra":{"bracket":1}}','{"v":1}',NULL,2997579464);
CREATE INDEX luthier_trial_revision ON luthier_trial (study_id, revision);
COMMIT;
