-- A database at work: rows inserted one statement for many, an index made, joins, groups, updates, deletions.
CREATE TABLE sighting(id INTEGER PRIMARY KEY, bird INTEGER, place TEXT, seen REAL);
CREATE TABLE bird(id INTEGER PRIMARY KEY, name TEXT UNIQUE, length INTEGER);
INSERT INTO bird VALUES (0, 'whimbrel', 40), (1, 'curlew', 55), (2, 'godwit', 42), (3, 'snipe', 26), (4, 'stint', 14);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
INSERT INTO sighting SELECT i, (i * 7919) % 5, 'place ' || ((i * 104729) % 97), (i * 31 % 1009) / 8.0 FROM n;
COMMIT;
CREATE INDEX by_place ON sighting(place, seen);
SELECT name, count(*), round(avg(seen), 3), max(place) FROM sighting JOIN bird ON bird.id = bird GROUP BY name ORDER BY name;
SELECT place, sum(seen) AS total FROM sighting WHERE place BETWEEN 'place 2' AND 'place 5' GROUP BY place ORDER BY total DESC LIMIT 5;
UPDATE sighting SET seen = seen + length / 10.0 FROM bird WHERE bird.id = sighting.bird AND place LIKE '%7';
DELETE FROM sighting WHERE id % 11 = 3;
SELECT count(*), round(sum(seen), 3), min(place) FROM sighting;
WITH RECURSIVE fib(a, b) AS (SELECT 0, 1 UNION ALL SELECT b, a + b FROM fib WHERE b < 100000)
SELECT group_concat(a, ' ') FROM fib;
SELECT a.place, count(*) FROM sighting a JOIN sighting b ON a.place = b.place AND a.seen < b.seen AND b.bird = 0
GROUP BY a.place ORDER BY 2 DESC, 1 LIMIT 3;
