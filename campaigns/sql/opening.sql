-- name: openings(first_on, campaign_id)$
-- Everything that decides about open and closed, as one JSON text: the calendars in use or all of them, who uses
-- them, and the table of the whole site. One statement, so that it is the state of one moment.
WITH used AS (
    SELECT calendar AS name FROM campaign WHERE campaign_id = :campaign_id
     UNION
    SELECT debt_type.calendar
      FROM campaign_debt_type AS member JOIN debt_type ON debt_type.code = member.debt_type
     WHERE member.campaign_id = :campaign_id
)
SELECT json_build_object(
    'calendars', coalesce((
        SELECT json_object_agg(c.name, json_build_object(
            'title', c.title, 'exchanged_weekday', c.exchanged_weekday, 'year_end_closed', c.year_end_closed,
            'patterns', (
                SELECT json_object_agg(p.pattern, json_build_object('label', p.label, 'hours', (
                           SELECT json_agg(json_build_object(
                                      'from', to_char(h.starts, 'HH24:MI'), 'until', to_char(h.ends, 'HH24:MI'),
                                      'counts_as', h.call_window) ORDER BY h.starts)
                             FROM operating_hours AS h
                            WHERE h.calendar = p.calendar AND h.pattern = p.pattern)) ORDER BY p.place)
                  FROM operating_pattern AS p WHERE p.calendar = c.name),
            'rules', coalesce((
                SELECT json_agg(json_build_object(
                           'pattern', coalesce(r.pattern, 'closed'), 'weekdays', r.weekdays, 'nth', r.nth,
                           'holidays', r.holidays, 'reason', r.reason,
                           'dates', CASE WHEN coalesce(r.from_on, r.until_on) IS NOT NULL
                                         THEN json_build_object('from', r.from_on, 'until', r.until_on) END,
                           'yearly', CASE WHEN r.from_yearly IS NOT NULL
                                          THEN json_build_object('from', r.from_yearly, 'until', r.until_yearly) END)
                           ORDER BY r.place)
                  FROM operating_rule AS r WHERE r.calendar = c.name), '[]'),
            'days', coalesce((
                SELECT json_agg(json_build_object('on', d.day, 'pattern', coalesce(d.pattern, 'closed'),
                                                  'reason', d.reason) ORDER BY d.day)
                  FROM operating_day AS d
                 WHERE d.calendar = c.name AND (:first_on::date IS NULL OR d.day >= :first_on)), '[]')
            ) ORDER BY c.name)
          FROM operating_calendar AS c
         WHERE :campaign_id::bigint IS NULL OR c.name IN (SELECT used.name FROM used)), '{}'),
    'campaigns', coalesce((
        SELECT json_object_agg(campaign.campaign_id, campaign.calendar ORDER BY campaign.campaign_id)
          FROM campaign
         WHERE campaign.calendar IS NOT NULL
           AND (:campaign_id IS NULL OR campaign.campaign_id = :campaign_id)), '{}'),
    'debt_types', coalesce((
        SELECT json_object_agg(debt_type.code, debt_type.calendar ORDER BY debt_type.code)
          FROM debt_type
         WHERE debt_type.calendar IS NOT NULL
           AND (:campaign_id IS NULL OR debt_type.calendar IN (SELECT used.name FROM used))), '{}'),
    'site_days', coalesce((
        SELECT json_object_agg(s.day, json_build_object('kind', s.day_kind, 'reason', s.reason) ORDER BY s.day)
          FROM calendar_day AS s WHERE :first_on IS NULL OR s.day >= :first_on), '{}')
)::text;

-- name: lock_calendar(name)^
-- Whoever changes a calendar waits for the others who do.
SELECT name FROM operating_calendar WHERE name = :name FOR UPDATE;

-- name: pattern_names(name)
SELECT pattern FROM operating_pattern WHERE calendar = :name ORDER BY place;

-- name: put_calendar(name, title, exchanged_weekday, year_end_closed)!
INSERT INTO operating_calendar (name, title, exchanged_weekday, year_end_closed)
VALUES (:name, :title, :exchanged_weekday, :year_end_closed)
    ON CONFLICT (name) DO UPDATE
   SET title = excluded.title, exchanged_weekday = excluded.exchanged_weekday,
       year_end_closed = excluded.year_end_closed;

-- name: delete_rules_of_calendar(name)!
DELETE FROM operating_rule WHERE calendar = :name;

-- name: delete_hours_of_calendar(name)!
DELETE FROM operating_hours WHERE calendar = :name;

-- name: delete_days_of_calendar(name)!
DELETE FROM operating_day WHERE calendar = :name;

-- name: delete_other_patterns(name, patterns)!
DELETE FROM operating_pattern WHERE calendar = :name AND pattern <> ALL (:patterns::text[]);

-- name: put_patterns(name, patterns, labels)!
INSERT INTO operating_pattern (calendar, pattern, place, label)
SELECT :name, given.pattern, given.place, given.label
  FROM unnest(:patterns::text[], :labels::text[]) WITH ORDINALITY AS given (pattern, label, place)
    ON CONFLICT (calendar, pattern) DO UPDATE SET place = excluded.place, label = excluded.label;

-- name: insert_hours_of_calendar(name, patterns, starts, ends, call_windows)!
-- Times as text: 24:00 is the end of the day, a time that Python has not.
INSERT INTO operating_hours (calendar, pattern, starts, ends, call_window)
SELECT :name, given.pattern, given.starts::time, given.ends::time, given.call_window
  FROM unnest(:patterns::text[], :starts::text[], :ends::text[], :call_windows::text[])
       AS given (pattern, starts, ends, call_window);

-- name: insert_rule(name, place, pattern, weekdays, nth, holidays, from_on, until_on, from_yearly, until_yearly, reason)!
INSERT INTO operating_rule
       (calendar, place, pattern, weekdays, nth, holidays, from_on, until_on, from_yearly, until_yearly, reason)
VALUES (:name, :place, :pattern, :weekdays, :nth, :holidays, :from_on, :until_on, :from_yearly, :until_yearly, :reason);

-- name: put_days(name, days, patterns, reasons)!
INSERT INTO operating_day (calendar, day, pattern, reason)
SELECT :name, given.day, given.pattern, given.reason
  FROM unnest(:days::date[], :patterns::text[], :reasons::text[]) AS given (day, pattern, reason)
    ON CONFLICT (calendar, day) DO UPDATE SET pattern = excluded.pattern, reason = excluded.reason;

-- name: days_without_pattern(name, patterns)
-- Single days that would be left with a pattern that is none of the given.
SELECT day, pattern FROM operating_day
 WHERE calendar = :name AND pattern IS NOT NULL AND pattern <> ALL (:patterns::text[]) ORDER BY day;

-- name: delete_day(name, day)^
DELETE FROM operating_day WHERE calendar = :name AND day = :day RETURNING day;

-- name: set_campaign_calendar(calendar, campaign_id)^
UPDATE campaign SET calendar = :calendar WHERE campaign_id = :campaign_id RETURNING campaign_id;

-- name: set_debt_type_calendar(calendar, code)^
UPDATE debt_type SET calendar = :calendar WHERE code = :code RETURNING code;
