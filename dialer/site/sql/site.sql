-- name: has_session(application)$
-- Whether somebody of that name is connected to this database at the moment.
SELECT EXISTS (
    SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = :application
);

-- name: has_schema()$
SELECT to_regclass('schema_file') IS NOT NULL;

-- name: applied_schema()
SELECT name, sha256 FROM schema_file;

-- name: database_clock()$
SELECT clock_timestamp();

-- name: taken_seats()
-- Extensions at which somebody is logged in.
SELECT extension FROM agent WHERE extension IS NOT NULL ORDER BY extension;

-- name: seat_count()$
SELECT count(*) FROM seat;
