import type { AccessActivity } from '../audit/access_event.ts'

/** What `db doctor` finds on a target, and what `--watch` sees change between two looks. */

export interface PostureFinding {
  /** Of the kind of finding: `mysql.anonymous_account`. */
  readonly id: string
  readonly severity: 'low' | 'medium' | 'high'
  /** The account, object or setting that it is about. */
  readonly object: string
  readonly text: string
  /** SQL, or a line of configuration, that mends it. */
  readonly mend: string
}

/** What a target was like at one moment. */
export interface PostureSnapshot {
  /** By kind (`account`, `grant`, ...) and then by object: what it is like, as one text that changes with it. */
  readonly facts: ReadonlyMap<string, ReadonlyMap<string, string>>
  /** Connections that are not the proxy's, by an identity that no later one has. */
  readonly logins: ReadonlyMap<string, string>
}

export interface PostureChange {
  readonly activity: Extract<AccessActivity, 'posture.finding' | 'bypass.login'>
  readonly object: string
  readonly text: string
}

/** What has changed since, in the order of kinds and objects. */
export function postureChanges(before: PostureSnapshot, after: PostureSnapshot): readonly PostureChange[] {
  const kinds = [...new Set([...before.facts.keys(), ...after.facts.keys()])].sort()
  const none: ReadonlyMap<string, string> = new Map()
  return [
    ...kinds.flatMap((kind) => factChanges(kind, before.facts.get(kind) ?? none, after.facts.get(kind) ?? none)),
    ...[...after.logins].flatMap(([id, text]): PostureChange[] =>
      before.logins.has(id) ? [] : [{ activity: 'bypass.login', object: id, text }],
    ),
  ]
}

function factChanges(
  kind: string,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly PostureChange[] {
  const objects = [...new Set([...before.keys(), ...after.keys()])].sort()
  return objects.flatMap((object) => {
    const [was, is] = [before.get(object), after.get(object)]
    if (was === is) return []
    const text =
      was === undefined
        ? `${kind} ${object} is new: ${is}`
        : is === undefined
          ? `${kind} ${object} is gone; it was: ${was}`
          : `${kind} ${object} was: ${was}; it is now: ${is}`
    return [{ activity: 'posture.finding' as const, object, text }]
  })
}
