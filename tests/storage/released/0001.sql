BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE attempts (
	image_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	job_id INTEGER, 
	lease VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	begun_at DOUBLE NOT NULL, 
	CONSTRAINT fk_attempts_job_id_jobs FOREIGN KEY(job_id) REFERENCES jobs (id) ON DELETE SET NULL
);
INSERT INTO "attempts" VALUES(1,1,'host-1-0123/4567','stored',1795580000.0);
INSERT INTO "attempts" VALUES(2,2,'host-1-0123/4567','stored',1795580000.0);
CREATE TABLE events (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at DOUBLE NOT NULL, 
	kind VARCHAR NOT NULL, 
	data JSON NOT NULL
);
CREATE TABLE "images" (
	id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	sha256 VARCHAR NOT NULL, 
	source_bytes BIGINT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	deleted_at DOUBLE, 
	erased BOOLEAN NOT NULL, 
	rows INTEGER NOT NULL, 
	width INTEGER NOT NULL, 
	source_width INTEGER NOT NULL, 
	levels INTEGER NOT NULL, 
	dropped_rows INTEGER NOT NULL, 
	depth_min DOUBLE NOT NULL, 
	depth_max DOUBLE NOT NULL, 
	depth_unit VARCHAR, 
	step DOUBLE NOT NULL, 
	descending BOOLEAN NOT NULL, 
	display_low DOUBLE NOT NULL, 
	display_high DOUBLE NOT NULL, 
	statistics JSON NOT NULL, 
	settings JSON NOT NULL, 
	row_bytes BIGINT NOT NULL, 
	overview_bytes BIGINT NOT NULL, 
	CONSTRAINT pk_images PRIMARY KEY (id), 
	CONSTRAINT fk_images_id_attempts FOREIGN KEY(id) REFERENCES attempts (image_id)
);
INSERT INTO "images" VALUES(1,'a.csv','','4d22b14e0c01876d0c155b726aec3f43d29611012e5f53e625edea9459c0eee3',3396,1795580001.0,NULL,0,3,150,200,0,0,100.0,100.2,NULL,0.1,0,0.0,255.0,'{"minimum": 0.0, "maximum": 255.0, "mean": 99.5, "null_count": 0, "variance_ratio": 0.99}','{"resize_mode": "zoom", "rounding": "mantissa13", "null_values": [-999.25, -999.0, -9999.0, -9999.25, -32768.0]}',10018,0);
INSERT INTO "images" VALUES(2,'b.csv','','f2182a6cc667d2a906a464f190a7850b322e88158845d84bf9c6b0a2fb5c2af5',3396,1795580002.0,1795580900.0,0,3,150,200,0,0,200.0,200.2,NULL,0.1,0,0.0,255.0,'{"minimum": 0.0, "maximum": 255.0, "mean": 99.5, "null_count": 0, "variance_ratio": 0.99}','{"resize_mode": "zoom", "rounding": "mantissa13", "null_values": [-999.25, -999.0, -9999.0, -9999.25, -32768.0]}',10013,0);
CREATE TABLE jobs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	started_at DOUBLE, 
	finished_at DOUBLE, 
	claim VARCHAR, 
	path VARCHAR, 
	target VARCHAR, 
	settled BOOLEAN NOT NULL, 
	lease VARCHAR, 
	lease_until DOUBLE, 
	attempts INTEGER NOT NULL, 
	crashes INTEGER NOT NULL, 
	not_before DOUBLE NOT NULL, 
	sha256 VARCHAR, 
	rows_done INTEGER NOT NULL, 
	rows_total INTEGER, 
	image_ids JSON NOT NULL, 
	reason VARCHAR, 
	message VARCHAR, 
	"row" INTEGER, 
	"column" VARCHAR, 
	value VARCHAR, 
	CONSTRAINT uq_jobs_claim UNIQUE (claim)
);
INSERT INTO "jobs" VALUES(1,'a.csv','stored',3396,1795580001.0,1795580002.0,1795580003.0,NULL,NULL,'processed/a.csv',1,NULL,NULL,1,0,0.0,'4d22b14e0c01876d0c155b726aec3f43d29611012e5f53e625edea9459c0eee3',3,3,'[1]',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(2,'b.csv','stored',3396,1795580002.0,1795580003.0,1795580004.0,NULL,NULL,'processed/b.csv',1,NULL,NULL,1,0,0.0,'f2182a6cc667d2a906a464f190a7850b322e88158845d84bf9c6b0a2fb5c2af5',3,3,'[2]',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(3,'again.csv','duplicate',3396,1795580003.0,1795580004.0,1795580005.0,NULL,NULL,'processed/again.csv',1,NULL,NULL,1,0,0.0,'4d22b14e0c01876d0c155b726aec3f43d29611012e5f53e625edea9459c0eee3',0,NULL,'[1]',NULL,'the same content is already stored as image 1',NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(4,'bad.csv','failed',16,1795580004.0,1795580005.0,1795580006.0,NULL,NULL,'failed/bad.csv',1,NULL,NULL,1,0,0.0,NULL,0,NULL,'[]','wrong_width','The header has 2 pixel columns beside the depth, where 200 are expected. BOREHOLE_SOURCE_WIDTH=2 accepts this width, BOREHOLE_SOURCE_WIDTH=any all.',1,NULL,NULL);
INSERT INTO "jobs" VALUES(5,'waiting.csv','queued',3396,1795580005.0,NULL,NULL,'0123456789abcdef',NULL,NULL,0,NULL,NULL,0,0,0.0,NULL,0,NULL,'[]',NULL,NULL,NULL,NULL,NULL);
CREATE TABLE pipeline (
	id INTEGER NOT NULL, 
	wanted BOOLEAN NOT NULL, 
	scans_asked INTEGER NOT NULL, 
	scans_done INTEGER NOT NULL, 
	host VARCHAR, 
	data_dir VARCHAR, 
	running BOOLEAN NOT NULL, 
	mode VARCHAR, 
	mode_reason VARCHAR, 
	seen_at DOUBLE NOT NULL, 
	waiting INTEGER NOT NULL, 
	trouble VARCHAR, 
	CONSTRAINT pk_pipeline PRIMARY KEY (id)
);
INSERT INTO "pipeline" VALUES(1,1,0,0,NULL,'/srv/borehole/data',0,NULL,NULL,1795580000.0,0,NULL);
CREATE INDEX ix_jobs_state ON jobs (state);
CREATE UNIQUE INDEX uq_jobs_target ON jobs (target) WHERE settled = 0;
CREATE INDEX ix_attempts_state ON attempts (state);
CREATE UNIQUE INDEX uq_images_content ON images (sha256, channel) WHERE deleted_at IS NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('jobs',5);
INSERT INTO "sqlite_sequence" VALUES('events',18);
INSERT INTO "sqlite_sequence" VALUES('attempts',2);
COMMIT;
