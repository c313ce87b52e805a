import type { startOidc } from './oidc.ts'

type Person = Parameters<Awaited<ReturnType<typeof startOidc>>['tokenFor']>[0]

const MAX_STEPS = 20

interface Visited {
  readonly url: string
  readonly text: string
  readonly cookies: ReadonlyMap<string, string>
}

/**
 * A browser in front of a person: follows redirects, keeps cookies, and fills in the identity provider's forms (login,
 * consent, the confirmation of a device). Gives the last page, which is where the provider sends a person back to, and the
 * cookies that it has then.
 */
export async function visit(url: string, person: Person): Promise<Visited> {
  const cookies = new Map<string, string>()
  let request: { url: string; body: URLSearchParams | null } = { url, body: null }
  for (let step = 0; step < MAX_STEPS; step++) {
    const response = await fetch(request.url, {
      method: request.body === null ? 'GET' : 'POST',
      body: request.body,
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    })
    keepCookies(cookies, response)
    const to = response.headers.get('location')
    if (to !== null) {
      request = { url: new URL(to, request.url).href, body: null }
      continue
    }
    const text = await response.text()
    const form = formOf(text, request.url, person)
    if (form === null) return { url: request.url, text, cookies }
    request = form
  }
  throw new Error(`more than ${MAX_STEPS} steps from ${url}`)
}

function keepCookies(cookies: Map<string, string>, response: Response): void {
  for (const line of response.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (value === '') cookies.delete(name)
    else cookies.set(name, value)
  }
}

/** The page's form with its hidden fields, a person's name where one is asked for, and a yes where that is. */
function formOf(text: string, base: string, person: Person): { url: string; body: URLSearchParams } | null {
  const [, action] = /<form[^>]*action="([^"]+)"/.exec(text) ?? []
  if (action === undefined) return null
  const body = new URLSearchParams()
  for (const [tag] of text.matchAll(/<(?:input|button)[^>]*>/g)) {
    const name = attribute(tag, 'name')
    if (name !== null) body.set(name, attribute(tag, 'value') ?? '')
  }
  if (body.has('login')) {
    body.set('login', person)
    body.set('password', 'any')
  }
  body.delete('abort')
  return { url: new URL(action.replaceAll('&amp;', '&'), base).href, body }
}

function attribute(tag: string, name: string): string | null {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? null
}
