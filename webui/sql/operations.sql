-- name: log_operation(now, user_id, act, subject, rows)!
INSERT INTO operation_log (at, user_id, act, subject, rows) VALUES (:now, :user_id, :act, :subject, :rows);
