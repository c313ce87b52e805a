import { describe, expect, it } from 'vitest'
import { client, column, execute, modes, ok, prepare, prepared, query, server, story } from './mysql_story.ts'

/** A server reads a prepared text again by the modes of that moment, and finds other words in it. */
describe('a statement that was prepared under another sql_mode', () => {
  const set = (mode: string) => [client(query(`SET sql_mode = '${mode}'`)), server(ok()), modes(mode)]
  const named = [client(query(`PREPARE s FROM "SELECT 'a\\\\', email FROM users -- ', id FROM orders"`)), server(ok())]
  const byNumber = [client(prepare('SELECT id FROM orders')), server(prepared(1), column('orders.id'))]

  it.each([['NO_BACKSLASH_ESCAPES'], ['ANSI_QUOTES'], ['STRICT_ALL_TABLES,PIPES_AS_CONCAT']])(
    'is not executed where %s changes how it reads',
    (mode) => {
      expect(story([...named, ...set(mode), client(query('EXECUTE s'))]).at(-1)).toMatch(/SP-STALE$/)
      expect(story([...byNumber, ...set(mode), client(execute())]).at(-1)).toMatch(/SP-STALE$/)
    },
  )

  it('is executed where the modes read alike, or again', () => {
    for (const back of [set('STRICT_ALL_TABLES'), [...set('ANSI_QUOTES'), ...set('')]]) {
      expect(story([...named, ...back, client(query('EXECUTE s'))]).at(-1)).toBe('> 3 EXECUTE s')
      expect(story([...byNumber, ...back, client(execute())]).at(-1)).toMatch(/^> 17/)
    }
  })
})
