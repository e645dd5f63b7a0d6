-- name: names_of(logins)
SELECT login, display_name FROM app_user WHERE login = ANY (:logins::text[]);
