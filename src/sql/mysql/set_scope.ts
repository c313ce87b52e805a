import type { SettingChange } from '../facts.ts'
import type { Cursor } from './cursor.ts'

const SCOPES: ReadonlyMap<string, SettingChange['scope']> = new Map<string, SettingChange['scope']>([
  ['GLOBAL', 'global'],
  ['PERSIST', 'global'],
  ['PERSIST_ONLY', 'global'],
  ['SESSION', 'session'],
  ['LOCAL', 'session'],
])

export function scopeNamed(word: string): SettingChange['scope'] | undefined {
  return SCOPES.get(word.toUpperCase())
}

export function scopeAt(cursor: Cursor): SettingChange['scope'] | undefined {
  return SCOPES.get(cursor.peek().upper)
}
