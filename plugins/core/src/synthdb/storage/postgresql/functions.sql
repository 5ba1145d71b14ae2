-- What the engine's statements call, and what they ask of the catalog. Installed in each database's own schema.

CREATE TABLE IF NOT EXISTS synthdb_lock ();

CREATE OR REPLACE VIEW synthdb_objects AS
SELECT CASE c.relkind WHEN 'i' THEN 'index' ELSE 'table' END AS type, c.relname::text COLLATE "C" AS name,
    CASE WHEN c.relkind = 'i' THEN pg_get_indexdef(c.oid) ELSE '' END AS sql
FROM pg_class c WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'i')
    AND c.relname NOT LIKE 'synthdb\_%';

CREATE OR REPLACE FUNCTION pragma_table_info(wanted text) RETURNS TABLE (name text, type text, pk boolean)
LANGUAGE sql STABLE AS $$
    SELECT a.attname::text,
        CASE a.atttypid WHEN 'bigint'::regtype THEN 'INTEGER' WHEN 'float8'::regtype THEN 'REAL'
            WHEN 'bytea'::regtype THEN 'BLOB' ELSE 'TEXT' END,
        coalesce(a.attnum = ANY (k.conkey), false)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relname = wanted AND c.relkind = 'r'
        AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity <> 'a'
    ORDER BY a.attnum
$$;

CREATE OR REPLACE FUNCTION pragma_index_list(wanted text) RETURNS TABLE (name text, "unique" boolean, origin text)
LANGUAGE sql STABLE AS $$
    SELECT i.relname::text, x.indisunique, CASE WHEN x.indisprimary THEN 'pk' ELSE 'c' END
    FROM pg_class c JOIN pg_index x ON x.indrelid = c.oid JOIN pg_class i ON i.oid = x.indexrelid
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relname = wanted
    ORDER BY i.oid DESC
$$;

CREATE OR REPLACE FUNCTION pragma_index_info(wanted text) RETURNS TABLE (seqno bigint, name text)
LANGUAGE sql STABLE AS $$
    SELECT k.ord - 1, a.attname::text
    FROM pg_class i JOIN pg_index x ON x.indexrelid = i.oid
        CROSS JOIN LATERAL unnest(x.indkey::int2[]) WITH ORDINALITY AS k (attnum, ord)
        JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum
    WHERE i.relnamespace = quote_ident(current_schema())::regnamespace AND i.relname = wanted
    ORDER BY k.ord
$$;

-- JSON, kept as canonical text ---------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION json_each(document text) RETURNS TABLE (value text) LANGUAGE sql IMMUTABLE AS $$
    SELECT e.value::text FROM json_array_elements(document::json) e (value)
$$;

CREATE OR REPLACE FUNCTION json_insert(document text, place text, item json) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT (document::jsonb || jsonb_build_array(item::jsonb))::text
$$;

CREATE OR REPLACE FUNCTION json_quote(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(to_json(value)::text, 'null')
$$;

CREATE OR REPLACE FUNCTION synthdb_json_at(document text, steps text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    found json := document::json;
    step jsonb;
BEGIN
    FOR step IN SELECT e.value FROM jsonb_array_elements(steps::jsonb) e (value) LOOP
        IF jsonb_typeof(step) = 'string' THEN
            IF json_typeof(found) <> 'object' THEN RETURN NULL; END IF;
            found := found -> (step #>> '{}');
        ELSE
            IF json_typeof(found) <> 'array' THEN RETURN NULL; END IF;
            found := found -> (step::int);
        END IF;
        IF found IS NULL THEN RETURN NULL; END IF;
    END LOOP;
    RETURN found::text;
END $$;

CREATE OR REPLACE FUNCTION synthdb_json_text(document text, steps text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    found text := synthdb_json_at(document, steps);
BEGIN
    IF found = 'null' THEN RETURN NULL; END IF;
    RETURN CASE WHEN left(found, 1) = '"' THEN found::json #>> '{}' ELSE found END;
END $$;

CREATE OR REPLACE FUNCTION synthdb_json_value(document text, steps text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT synthdb_json_text(document, steps) $$;

CREATE OR REPLACE FUNCTION synthdb_json_type(document text, steps text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    found text := synthdb_json_at(document, steps);
    kind text := json_typeof(found::json);
BEGIN
    RETURN CASE kind WHEN 'string' THEN 'text' WHEN 'boolean' THEN found
        WHEN 'number' THEN CASE WHEN found ~ '[.eE]' THEN 'real' ELSE 'integer' END ELSE kind END;
END $$;

-- A text that sorts documents of one kind: numbers by their value, all else by its text.
CREATE OR REPLACE FUNCTION synthdb_json_key(document text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    kind text := json_typeof(document::json);
    bits bytea;
BEGIN
    IF kind = 'string' THEN RETURN document::json #>> '{}'; END IF;
    IF kind <> 'number' THEN RETURN CASE kind WHEN 'null' THEN NULL ELSE document END; END IF;
    bits := float8send(document::float8);
    IF document::float8 < 0 THEN RETURN '0' || translate(encode(bits, 'hex'), '0123456789abcdef', 'fedcba9876543210'); END IF;
    RETURN '1' || encode(bits, 'hex');
END $$;

CREATE OR REPLACE FUNCTION synthdb_json_rank(document jsonb) RETURNS int
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(document) WHEN 'null' THEN 0 WHEN 'string' THEN 1 WHEN 'number' THEN 2
        WHEN 'boolean' THEN 3 WHEN 'array' THEN 4 ELSE 5 END
$$;

CREATE OR REPLACE FUNCTION synthdb_json_compare(a text, b text) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    x jsonb := a::jsonb;
    y jsonb := b::jsonb;
    ranks int := synthdb_json_rank(x) - synthdb_json_rank(y);
BEGIN
    IF ranks <> 0 THEN RETURN sign(ranks); END IF;
    IF x = y THEN RETURN 0; END IF;
    IF jsonb_typeof(x) = 'string' THEN
        RETURN CASE WHEN (x #>> '{}') COLLATE "C" < (y #>> '{}') COLLATE "C" THEN -1 ELSE 1 END;
    END IF;
    RETURN CASE WHEN x < y THEN -1 ELSE 1 END;
END $$;

CREATE OR REPLACE FUNCTION synthdb_json_distinct(a text, b text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (a::jsonb IS DISTINCT FROM b::jsonb)::int::bigint $$;

CREATE OR REPLACE FUNCTION synthdb_json_in(document text, documents text) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    item jsonb;
    has_null boolean := false;
BEGIN
    FOR item IN SELECT e.value FROM jsonb_array_elements(documents::jsonb) e (value) LOOP
        IF jsonb_typeof(item) = 'null' THEN
            has_null := true;
        ELSIF (item #>> '{}')::jsonb = document::jsonb THEN
            RETURN 1;
        END IF;
    END LOOP;
    RETURN CASE WHEN has_null THEN NULL ELSE 0 END;
END $$;

CREATE OR REPLACE FUNCTION synthdb_json_contains(a text, b text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (a::jsonb @> b::jsonb)::int::bigint $$;

CREATE OR REPLACE FUNCTION synthdb_json_contained(a text, b text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (b::jsonb @> a::jsonb)::int::bigint $$;

CREATE OR REPLACE FUNCTION synthdb_json_overlaps(a text, b text) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(a::jsonb) = 'array' AND jsonb_typeof(b::jsonb) = 'array' THEN (EXISTS (
        SELECT 1 FROM jsonb_array_elements(a::jsonb) x (value) JOIN jsonb_array_elements(b::jsonb) y (value)
            ON x.value = y.value))::int::bigint ELSE 0 END
$$;

CREATE OR REPLACE FUNCTION synthdb_canonical(document jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN CASE jsonb_typeof(document)
        WHEN 'object' THEN (SELECT '{' || coalesce(string_agg(to_json(e.key)::text || ':' || synthdb_canonical(e.value),
            ',' ORDER BY e.key COLLATE "C"), '') || '}' FROM jsonb_each(document) e)
        WHEN 'array' THEN (SELECT '[' || coalesce(string_agg(synthdb_canonical(e.value), ',' ORDER BY e.place), '') || ']'
            FROM jsonb_array_elements(document) WITH ORDINALITY AS e (value, place))
        ELSE document::text END;
END $$;

-- Patterns -----------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION synthdb_match(value text, pattern text) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT (value ~ pattern)::int::bigint $$;

CREATE OR REPLACE FUNCTION synthdb_imatch(value text, pattern text) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT (value ~* pattern)::int::bigint $$;

-- Values of one type as values of another ----------------------------------------------------------------

CREATE OR REPLACE FUNCTION synthdb_scale(type text) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT coalesce(substring(type FROM ',\s*(\d+)')::int, 0)
$$;

CREATE OR REPLACE FUNCTION synthdb_precision(type text) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT coalesce(substring(type FROM '\((\d+)')::int, 18)
$$;

CREATE OR REPLACE FUNCTION synthdb_even(value numeric, scale int) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    shifted numeric := value * (10::numeric ^ scale);
    below numeric := floor(shifted);
    rest numeric := shifted - below;
BEGIN
    IF rest > 0.5 OR (rest = 0.5 AND mod(below, 2) <> 0) THEN below := below + 1; END IF;
    RETURN round(below / (10::numeric ^ scale), scale);
END $$;

CREATE OR REPLACE FUNCTION synthdb_number(stored text, type text) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    scale int := synthdb_scale(type);
    digits numeric;
BEGIN
    IF type LIKE 'decimal%' AND synthdb_precision(type) > 18 THEN
        digits := CASE left(stored, 1) WHEN '1' THEN substr(stored, 2)::numeric
            ELSE -translate(substr(stored, 2), '0123456789', '9876543210')::numeric END;
    ELSE
        digits := stored::numeric;
    END IF;
    RETURN CASE WHEN type LIKE 'decimal%' THEN round(digits / (10::numeric ^ scale), scale) ELSE digits END;
END $$;

CREATE OR REPLACE FUNCTION synthdb_plain(stored text, type text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    number float8;
BEGIN
    CASE split_part(type, '(', 1)
    WHEN 'boolean' THEN RETURN CASE stored WHEN '0' THEN 'false' ELSE 'true' END;
    WHEN 'decimal' THEN RETURN synthdb_number(stored, type)::text;
    WHEN 'bytes' THEN RETURN translate(encode(stored::bytea, 'base64'), E'\n', '');
    WHEN 'real' THEN
        number := stored::float8;
        IF abs(number) < 1e16 AND stored LIKE '%e+%' THEN stored := number::numeric::text; END IF;
        RETURN CASE WHEN stored ~ '[.e]' THEN stored ELSE stored || '.0' END;
    ELSE RETURN stored;
    END CASE;
END $$;

CREATE OR REPLACE FUNCTION synthdb_stored(plain text, type text) RETURNS text LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE
    number numeric;
    scale int := synthdb_scale(type);
    digits int := synthdb_precision(type);
BEGIN
    IF split_part(type, '(', 1) IN ('integer', 'real', 'decimal') THEN
        IF plain !~ '^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?$' THEN RETURN NULL; END IF;
        number := plain::numeric;
    END IF;
    CASE split_part(type, '(', 1)
    WHEN 'text' THEN RETURN plain;
    WHEN 'integer' THEN RETURN CASE WHEN number = trunc(number) THEN number::bigint::text END;
    WHEN 'real' THEN RETURN CASE WHEN plain::float8::text::numeric = number THEN plain::float8::text END;
    WHEN 'decimal' THEN
        IF round(number, scale) <> number OR abs(number) >= 10::numeric ^ (digits - scale) THEN RETURN NULL; END IF;
        number := trunc(number * (10::numeric ^ scale));
        IF digits <= 18 THEN RETURN number::bigint::text; END IF;
        RETURN CASE WHEN number >= 0 THEN '1' || lpad(number::text, digits, '0')
            ELSE '0' || translate(lpad((-number)::text, digits, '0'), '0123456789', '9876543210') END;
    WHEN 'boolean' THEN
        RETURN CASE WHEN lower(plain) IN ('true', 't', 'yes', 'y', 'on', '1') THEN '1'
            WHEN lower(plain) IN ('false', 'f', 'no', 'n', 'off', '0') THEN '0' END;
    WHEN 'date' THEN
        IF plain ~ '^\d{4}-\d\d-\d\d$' THEN RETURN plain::date::text; END IF;
        plain := synthdb_stored(plain, 'timestamp');
        RETURN CASE WHEN plain LIKE '%T00:00:00.000000Z' THEN left(plain, 10) END;
    WHEN 'timestamp' THEN
        IF plain ~ '\.\d{6}\d*[1-9]' OR plain !~ '^\d{4}-\d\d-\d\d' THEN RETURN NULL; END IF;
        RETURN to_char(plain::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
    WHEN 'uuid' THEN RETURN plain::uuid::text;
    WHEN 'json' THEN RETURN synthdb_canonical(plain::jsonb);
    WHEN 'bytes' THEN RETURN decode(plain, 'base64')::text;
    ELSE RETURN NULL;
    END CASE;
EXCEPTION WHEN data_exception OR numeric_value_out_of_range THEN
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION synthdb_moved(stored text, source text, target text, exact boolean) RETURNS text
LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE
    was text := split_part(source, '(', 1);
    becomes text := split_part(target, '(', 1);
    plain text := synthdb_plain(stored, source);
    found text;
BEGIN
    IF becomes = 'text' THEN RETURN plain; END IF;
    IF was = 'text' THEN
        IF becomes = 'json' AND exact THEN RETURN to_json(plain)::text; END IF;
        found := synthdb_stored(CASE WHEN exact THEN plain ELSE btrim(plain, E' \t\n\r\f\x0b') END, target);
        RETURN CASE WHEN NOT exact OR synthdb_plain(found, target) = plain THEN found END;
    END IF;
    IF becomes = 'json' THEN
        RETURN CASE WHEN was IN ('integer', 'boolean', 'json') THEN plain
            WHEN was = 'real' THEN plain WHEN was = 'bytes' THEN NULL
            WHEN was = 'decimal' THEN trim_scale(plain::numeric)::text ELSE to_json(plain)::text END;
    END IF;
    IF NOT exact THEN
        IF was = 'boolean' AND becomes = 'integer' THEN RETURN stored; END IF;
        IF was = 'integer' AND becomes = 'boolean' THEN RETURN (stored <> '0')::int::text; END IF;
        IF becomes = 'integer' AND was IN ('real', 'decimal') THEN
            RETURN synthdb_stored(synthdb_even(plain::numeric, 0)::text, target);
        END IF;
        IF becomes = 'decimal' AND was IN ('real', 'decimal') THEN
            RETURN synthdb_stored(synthdb_even(plain::numeric, synthdb_scale(target))::text, target);
        END IF;
        IF was = 'timestamp' AND becomes = 'date' THEN RETURN left(stored, 10); END IF;
    END IF;
    IF was IN ('integer', 'real', 'decimal') AND becomes IN ('integer', 'real', 'decimal')
        OR was IN ('date', 'timestamp') AND becomes IN ('date', 'timestamp') OR was = becomes THEN
        RETURN synthdb_stored(plain, target);
    END IF;
    IF was = 'json' THEN
        RETURN NULL;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION synthdb_cast_text(stored anyelement, source text, target text) RETURNS text
LANGUAGE sql STABLE STRICT AS $$ SELECT synthdb_moved(stored::text, source, target, false) $$;
CREATE OR REPLACE FUNCTION synthdb_cast_integer(stored anyelement, source text, target text) RETURNS bigint
LANGUAGE sql STABLE STRICT AS $$ SELECT synthdb_moved(stored::text, source, target, false)::bigint $$;
CREATE OR REPLACE FUNCTION synthdb_cast_real(stored anyelement, source text, target text) RETURNS float8
LANGUAGE sql STABLE STRICT AS $$ SELECT synthdb_moved(stored::text, source, target, false)::float8 $$;
CREATE OR REPLACE FUNCTION synthdb_cast_bytes(stored anyelement, source text, target text) RETURNS bytea
LANGUAGE sql STABLE STRICT AS $$ SELECT synthdb_moved(stored::text, source, target, false)::bytea $$;
CREATE OR REPLACE FUNCTION synthdb_convert_text(stored anyelement, source text, target text) RETURNS text
LANGUAGE sql STABLE STRICT AS $$ SELECT synthdb_moved(stored::text, source, target, true) $$;
CREATE OR REPLACE FUNCTION synthdb_convert_integer(stored anyelement, source text, target text) RETURNS bigint
LANGUAGE sql STABLE STRICT AS $$ SELECT synthdb_moved(stored::text, source, target, true)::bigint $$;
CREATE OR REPLACE FUNCTION synthdb_convert_real(stored anyelement, source text, target text) RETURNS float8
LANGUAGE sql STABLE STRICT AS $$ SELECT synthdb_moved(stored::text, source, target, true)::float8 $$;
CREATE OR REPLACE FUNCTION synthdb_convert_bytes(stored anyelement, source text, target text) RETURNS bytea
LANGUAGE sql STABLE STRICT AS $$ SELECT synthdb_moved(stored::text, source, target, true)::bytea $$;

-- Exact sums and averages: a number written in full, or sum/count ----------------------------------------

CREATE OR REPLACE FUNCTION synthdb_sum_step(state numeric[], stored anyelement, type text) RETURNS numeric[]
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN stored IS NULL THEN state
        ELSE ARRAY[coalesce(state[1], 0) + synthdb_number(stored::text, type), coalesce(state[2], 0) + 1] END
$$;
CREATE OR REPLACE FUNCTION synthdb_sum_end(state numeric[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT state[1]::text $$;
CREATE OR REPLACE FUNCTION synthdb_average_end(state numeric[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT state[1] || '/' || state[2]
$$;
CREATE OR REPLACE AGGREGATE synthdb_sum(bigint, text) (
    sfunc = synthdb_sum_step, stype = numeric[], finalfunc = synthdb_sum_end);
CREATE OR REPLACE AGGREGATE synthdb_sum(text, text) (
    sfunc = synthdb_sum_step, stype = numeric[], finalfunc = synthdb_sum_end);
CREATE OR REPLACE AGGREGATE synthdb_average(bigint, text) (
    sfunc = synthdb_sum_step, stype = numeric[], finalfunc = synthdb_average_end);
CREATE OR REPLACE AGGREGATE synthdb_average(text, text) (
    sfunc = synthdb_sum_step, stype = numeric[], finalfunc = synthdb_average_end);

CREATE OR REPLACE FUNCTION synthdb_decimal(value text, scale text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    total numeric := split_part(value, '/', 1)::numeric;
    count numeric := coalesce(nullif(split_part(value, '/', 2), ''), '1')::numeric;
    shifted numeric := total * (10::numeric ^ scale::int);
    below numeric := div(shifted - mod(mod(shifted, count) + count, count), count);
    rest numeric := (shifted - below * count) * 2;
BEGIN
    IF rest > count OR (rest = count AND mod(below, 2) <> 0) THEN below := below + 1; END IF;
    RETURN round(below / (10::numeric ^ scale::int), scale::int)::text;
END $$;

CREATE OR REPLACE FUNCTION synthdb_exact_compare(a text, b text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT sign(split_part(a, '/', 1)::numeric * coalesce(nullif(split_part(b, '/', 2), ''), '1')::numeric
        - split_part(b, '/', 1)::numeric * coalesce(nullif(split_part(a, '/', 2), ''), '1')::numeric)::bigint
$$;
