-- name: try_lock(number)$
SELECT pg_try_advisory_lock(:number::bigint);
