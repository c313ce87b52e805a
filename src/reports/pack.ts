import type { SectionName } from './controls.ts'

/** A pack before it has a format: what each format shows is the same. */
export interface Pack {
  readonly title: string
  readonly from: number
  readonly to: number
  readonly controls: readonly PackControl[]
  readonly sections: readonly Section[]
}

export interface PackControl {
  readonly id: string
  readonly standard: string
  readonly title: string
  readonly sections: readonly SectionName[]
}

export interface Section {
  readonly name: SectionName
  readonly title: string
  /** What the rows are, and what they are not. */
  readonly about: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

export type Cell = string | number | boolean | null

/** RFC 3339, or null. */
export function timeCell(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}
