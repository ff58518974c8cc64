-- Makes a database, closes it, opens it again and asks it.
.open /data/birds.db
PRAGMA journal_mode = DELETE;
CREATE TABLE bird (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, wingspan_cm REAL);
CREATE TABLE sighting (bird INTEGER REFERENCES bird, year INTEGER, count INTEGER);
INSERT INTO bird (name, wingspan_cm) VALUES ('whimbrel', 82.5), ('curlew', 95), ('godwit', 72.5), ('snipe', 45);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19999)
INSERT INTO sighting SELECT 1 + i % 4, 1990 + i % 35, (i * 7919) % 101 FROM n;
COMMIT;
BEGIN;
DELETE FROM sighting;
ROLLBACK;
CREATE INDEX by_year ON sighting (year, bird);
.open /data/birds.db
PRAGMA integrity_check;
SELECT count(*), sum(count) FROM sighting;
SELECT name, wingspan_cm, sum(count) AS seen FROM bird JOIN sighting ON bird = bird.id
WHERE year BETWEEN 2000 AND 2009 GROUP BY bird.id ORDER BY seen DESC;
UPDATE bird SET wingspan_cm = wingspan_cm / 2.54;
VACUUM;
SELECT printf('%s: %.2f in', name, wingspan_cm) FROM bird ORDER BY name;
SELECT sqlite_version();
