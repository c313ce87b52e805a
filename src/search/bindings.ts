import { BIGINT, DOUBLE, type DuckDBType, type DuckDBValue, LIST, listValue, VARCHAR } from '@duckdb/node-api'

/** The values of one query: whatever comes from outside is bound, and only its place stands in the text. */
export class Bindings {
  readonly values: DuckDBValue[] = []
  readonly types: DuckDBType[] = []

  text(value: string): string {
    return this.#bind(value, VARCHAR)
  }

  whole(value: number): string {
    return this.#bind(BigInt(Math.trunc(value)), BIGINT)
  }

  number(value: number): string {
    return this.#bind(value, DOUBLE)
  }

  texts(values: readonly string[]): string {
    return this.#bind(listValue([...values]), LIST(VARCHAR))
  }

  wholes(values: readonly number[]): string {
    return this.#bind(listValue(values.map((value) => BigInt(value))), LIST(BIGINT))
  }

  /** Milliseconds since the epoch, as a TIMESTAMP. */
  time(ms: number): string {
    return `make_timestamp_ms(${this.whole(ms)})`
  }

  #bind(value: DuckDBValue, type: DuckDBType): string {
    this.values.push(value)
    this.types.push(type)
    return `$${this.values.length}`
  }
}
