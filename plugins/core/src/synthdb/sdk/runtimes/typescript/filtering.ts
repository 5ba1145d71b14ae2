/** The filters that reads, updates, deletes and embeds have in common. */

import { anyOf, compare, Comparison, subject, within, type Condition, type Path, type Scalar } from "./conditions.js";
import { stringify, type Json } from "./json.js";
import { Pending } from "./pending.js";

/** What may be compared with a column: a bigint column also with numbers, times also with dates. */
export type Operand<V> =
  | (NonNullable<V> extends bigint ? bigint | number
    : NonNullable<V> extends string ? string | number | bigint | Date
    : NonNullable<V> extends number | boolean | Uint8Array ? NonNullable<V>
    : Scalar);

type Name<Row> = keyof Row & string;

/** Something with conditions. Every method gives a new one, and leaves this as it is. */
export abstract class Filtered<Row, D> extends Pending<D> {
  protected conditions: readonly Condition[] = [];

  /** Require conditions, such as `anyOf(compare("year", "lt", 1980), compare("seen", "is", true))`. */
  where(...conditions: Condition[]): this {
    return this.copy({ conditions: [...this.conditions, ...conditions] });
  }

  /** Require any of some conditions. */
  either(...conditions: Condition[]): this {
    return this.where(anyOf(...conditions));
  }

  eq<C extends Name<Row>>(column: C | Path, value: Operand<Row[C]>): this {
    return this.compare(column, "eq", value);
  }

  neq<C extends Name<Row>>(column: C | Path, value: Operand<Row[C]>): this {
    return this.compare(column, "neq", value);
  }

  gt<C extends Name<Row>>(column: C | Path, value: Operand<Row[C]>): this {
    return this.compare(column, "gt", value);
  }

  gte<C extends Name<Row>>(column: C | Path, value: Operand<Row[C]>): this {
    return this.compare(column, "gte", value);
  }

  lt<C extends Name<Row>>(column: C | Path, value: Operand<Row[C]>): this {
    return this.compare(column, "lt", value);
  }

  lte<C extends Name<Row>>(column: C | Path, value: Operand<Row[C]>): this {
    return this.compare(column, "lte", value);
  }

  /** Require that a text fits a pattern, in which `%` is any text and `_` one character. */
  like(column: Name<Row> | Path, pattern: string): this {
    return this.compare(column, "like", pattern);
  }

  /** The same, whatever the case of ASCII letters. */
  ilike(column: Name<Row> | Path, pattern: string): this {
    return this.compare(column, "ilike", pattern);
  }

  /** Require that a text fits a regular expression. */
  match(column: Name<Row> | Path, expression: string): this {
    return this.compare(column, "match", expression);
  }

  in<C extends Name<Row>>(column: C | Path, values: readonly Operand<Row[C]>[]): this {
    return this.where(within(column, values));
  }

  /** Require that a column has a value, and none of these. */
  notIn<C extends Name<Row>>(column: C | Path, values: readonly Operand<Row[C]>[]): this {
    return this.where(within(column, values).not());
  }

  isNull(column: Name<Row> | Path): this {
    return this.compare(column, "is", "null");
  }

  notNull(column: Name<Row> | Path): this {
    return this.compare(column, "is", "not_null");
  }

  /** Require that JSON contains other JSON. */
  contains(column: Name<Row> | Path, value: Json): this {
    return this.where(new Comparison(subject(column), "cs", stringify(value)));
  }

  /** Require that JSON is contained in other JSON. */
  containedIn(column: Name<Row> | Path, value: Json): this {
    return this.where(new Comparison(subject(column), "cd", stringify(value)));
  }

  /** Require that two JSON arrays have an element in common, or two objects a member. */
  overlaps(column: Name<Row> | Path, value: Json): this {
    return this.where(new Comparison(subject(column), "ov", stringify(value)));
  }

  protected copy(changes: object): this {
    const made = Object.create(Object.getPrototypeOf(this) as object) as this;
    return Object.assign(made, this, changes);
  }

  private compare(column: string | Path, operator: string, value: Scalar): this {
    return this.where(compare(column, operator, value));
  }
}
