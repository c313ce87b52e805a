import { readMerge } from './merge.ts'
import { type Body, opaque } from './node.ts'
import type { Scope } from './scope.ts'
import type { Work } from './work.ts'
import { readDelete, readInsert, readUpdate } from './write.ts'
import type { WriteResult } from './write_scope.ts'

const WRITES = { InsertStmt: readInsert, UpdateStmt: readUpdate, DeleteStmt: readDelete, MergeStmt: readMerge } as const

/** True for the statements that write rows, at the top or in WITH. */
export function isWrite(tag: string): tag is keyof typeof WRITES {
  return Object.hasOwn(WRITES, tag)
}

export function readWrite(work: Work, tag: string, body: Body, parent: Scope | null): WriteResult {
  return isWrite(tag) ? WRITES[tag](work, body, parent) : opaque(`${tag} is no write`)
}
