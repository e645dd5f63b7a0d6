-- name: seats()
SELECT s.extension, s.kind, a.agent_id
FROM seat s LEFT JOIN agent a ON a.extension = s.extension
ORDER BY s.extension;

-- name: my_seat(agent_id)^
SELECT s.extension, s.kind, s.secret
FROM agent a JOIN seat s ON s.extension = a.extension
WHERE a.agent_id = :agent_id;

-- name: free_seats(kind, extension, limit)
-- Seats of the kind that nobody has; the one asked for, when one is.
SELECT s.extension, s.kind, s.secret
FROM seat s
WHERE s.kind = :kind
  AND (:extension::text IS NULL OR s.extension = :extension)
  AND NOT EXISTS (SELECT FROM agent a WHERE a.extension = s.extension)
ORDER BY s.extension
LIMIT :limit;
