import type { SessionFacts } from './event.ts'
import { metadataJson, type Product } from './ocsf_record.ts'

/**
 * What is the same in each record of a session that has the same of something else too, joined once. A text that was put
 * together is a tree of its parts until it is written: walking some eighty parts was a quarter of what a record cost.
 */
export interface Joined {
  /** Parts of the body, between what each record has of its own. */
  readonly body: readonly string[]
  /** Before the uid of the record, and after it. */
  readonly metadata: readonly [string, string]
}

export class JoinedFragments {
  #known = new WeakMap<SessionFacts, Joined>()
  #product: Product | null = null

  of(session: SessionFacts, product: Product, make: () => Joined): Joined {
    if (this.#product !== product) {
      this.#product = product
      this.#known = new WeakMap()
    }
    const known = this.#known.get(session)
    if (known !== undefined) return known
    const made = make()
    this.#known.set(session, made)
    return made
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** `more`: members of `metadata` after those that every record has. */
export function joined(
  body: readonly string[],
  code: string,
  product: Product,
  profiles: boolean,
  more: string,
): Joined {
  const metadata = metadataJson('', code, product, profiles)
  const uid = metadata.indexOf('""') + 1
  return { body: body.map(flat), metadata: [flat(metadata.slice(0, uid)), flat(metadata.slice(uid) + more)] }
}

/** The same in one piece. JSON holds no half of a character, so that nothing is lost. */
function flat(text: string): string {
  return decoder.decode(encoder.encode(text))
}
