"""Which of PostgreSQL's functions a SQL statement may call.

Left out are those that set or tell of the session, the server, its files or other sessions, that run SQL or read
tables by name, that lock or wait, and that make a huge value of a small one.
"""

from typing import Final

__all__ = ["ALLOWED_FUNCTIONS"]

_AGGREGATES: Final = """
array_agg avg bit_and bit_or bool_and bool_or corr count covar_pop covar_samp cume_dist dense_rank every first_value
json_agg json_object_agg jsonb_agg jsonb_object_agg lag last_value lead max min mode nth_value ntile percent_rank
percentile_cont percentile_disc rank regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy
regr_syy row_number stddev stddev_pop stddev_samp string_agg sum var_pop var_samp variance
"""
_TEXTS: Final = """
ascii bit_length btrim char_length character_length chr concat concat_ws decode encode format initcap left length
like_escape lower ltrim md5 octet_length overlay position quote_literal quote_nullable regexp_count regexp_instr
regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr replace
reverse right rtrim sha256 similar_escape similar_to_escape split_part starts_with strpos substr substring to_hex
translate upper
"""
_NUMBERS: Final = """
abs acos acosh asin asinh atan atan2 atanh cbrt ceil ceiling cos cosh cot degrees div exp floor gcd lcm ln log log10
min_scale mod pi pow power radians random round scale sign sin sinh sqrt tan tanh trim_scale trunc width_bucket
"""
_TIMES: Final = """
age clock_timestamp date_bin date_part date_trunc extract isfinite justify_days justify_hours justify_interval make_date
make_interval make_time make_timestamp make_timestamptz now overlaps statement_timestamp timezone to_char to_date
to_number to_timestamp transaction_timestamp
"""
_DOCUMENTS: Final = """
array_append array_cat array_length array_position array_positions array_prepend array_remove array_replace
array_to_json array_to_string cardinality generate_series json_array_elements json_array_elements_text
json_array_length json_build_array json_build_object json_each json_each_text json_extract_path json_extract_path_text
json_object json_object_keys json_strip_nulls json_typeof jsonb_array_elements jsonb_array_elements_text
jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_exists jsonb_exists_all
jsonb_exists_any jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_keys
jsonb_path_exists jsonb_path_match jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_pretty jsonb_set
jsonb_strip_nulls jsonb_typeof num_nonnulls num_nulls row_to_json string_to_array to_json to_jsonb unnest
"""
_CASTS: Final = """
bit bool bpchar bytea char date float4 float8 int2 int4 int8 interval json jsonb numeric text time timestamp timestamptz
timetz uuid varbit varchar
"""

ALLOWED_FUNCTIONS: Final = frozenset(
    name for names in (_AGGREGATES, _TEXTS, _NUMBERS, _TIMES, _DOCUMENTS, _CASTS) for name in names.split()
)
