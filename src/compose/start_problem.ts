import { SallyportError } from '../errors.ts'

/** Why a port can't be bound, by the system's code (listen(2)). */
const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something else listens there',
  EACCES: 'the process may not',
  EADDRNOTAVAIL: 'no interface of this machine has that address',
}

/** A port that can't be bound is a matter of the configuration; every other error stays what it is. */
export function asStartProblem(error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return error
  if (error.syscall !== 'listen' && error.syscall !== 'bind') return error
  const { address, port } = error as { readonly address?: string; readonly port?: number }
  const why = WHY[String(error.code)] ?? String(error.code)
  return new SallyportError('SP-CONFIG', `${address ?? '?'}:${port ?? '?'} can't be listened on: ${why}`, {
    cause: error,
  })
}
