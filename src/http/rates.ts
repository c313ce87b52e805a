import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { personKey } from '../identity/identity.ts'
import type { Authenticated } from './authenticate.ts'
import type { RateClass } from './contract/operation.ts'
import type { RateSettings } from './ports.ts'
import { ApiRefusal } from './problem.ts'

const WINDOW_MS = 60_000
/** Addresses and persons that are counted at once, by each limit. */
export const MAX_COUNTED = 50_000

/** Limits of calls, by address before the caller is known and by person after. */
export interface Rates {
  byAddress(rate: RateClass, request: FastifyRequest, reply: FastifyReply): Promise<void>
  byPerson(rate: RateClass, caller: Authenticated, request: FastifyRequest, reply: FastifyReply): Promise<void>
  /** Rejects an address that has failed to log in too often. */
  failures: {
    check(request: FastifyRequest, reply: FastifyReply): Promise<void>
    count(request: FastifyRequest): Promise<void>
  }
}

type Limiter = ReturnType<FastifyInstance['createRateLimit']>

/** The plugin `@fastify/rate-limit` is registered, with `global: false` and `cache: MAX_COUNTED`. */
export function createRates(app: FastifyInstance, settings: RateSettings): Rates {
  const limiter = (max: number): Limiter => app.createRateLimit({ max, timeWindow: WINDOW_MS, keyGenerator: keyOf })
  const all = limiter(settings.perAddress)
  const logins = limiter(settings.logins)
  const failed = limiter(settings.logins)
  const persons: Record<RateClass, Limiter> = {
    read: limiter(settings.reads),
    write: limiter(settings.writes),
    heavy: limiter(settings.heavy),
    login: limiter(settings.logins),
  }
  return {
    byAddress: async (rate, request, reply) => {
      keys.set(request, request.ip)
      await demand(all, request, reply, 'this address')
      if (rate === 'login') await demand(logins, request, reply, 'this address')
    },
    byPerson: async (rate, { caller }, request, reply) => {
      keys.set(request, personKey(caller.identity))
      await demand(persons[rate], request, reply, 'you')
    },
    failures: {
      check: async (request, reply) => {
        keys.set(request, request.ip)
        const state = await failed(request, { increment: false })
        if (state.isAllowed || state.remaining > 0) return
        reply.header('retry-after', String(Math.max(1, state.ttlInSeconds)))
        throw new ApiRefusal('SP-AUTH-RATE', 'too many failed logins from this address')
      },
      count: async (request) => {
        keys.set(request, request.ip)
        await failed(request)
      },
    },
  }
}

/** What a request is counted under at present; the plugin asks for it. */
const keys = new WeakMap<FastifyRequest, string>()

function keyOf(request: FastifyRequest): string {
  return keys.get(request) ?? request.ip
}

async function demand(limiter: Limiter, request: FastifyRequest, reply: FastifyReply, who: string): Promise<void> {
  const state = await limiter(request)
  if (state.isAllowed) return
  reply.headers({
    'ratelimit-limit': String(state.max),
    'ratelimit-remaining': String(state.remaining),
    'ratelimit-reset': String(state.ttlInSeconds),
  })
  if (!state.isExceeded) return
  reply.header('retry-after', String(Math.max(1, state.ttlInSeconds)))
  throw new ApiRefusal('SP-RATE', `too many calls by ${who}: ${state.max} a minute are allowed`)
}
