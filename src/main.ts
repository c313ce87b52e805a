import './node_version.ts'
import { runCli } from './cli/run.ts'
import { asSallyportError } from './errors.ts'

let endsAtOnce = false

/** Runs until a signal: SIGTERM and SIGINT drain, a second one ends at once, SIGHUP reloads. Gives the exit code. */
async function serveUntilSignalled(configDir: string): Promise<number> {
  // A command that only asks the API must not wait for the parsers and drivers of the server.
  const { serve } = await import('./serve.ts')
  const served = await serve(configDir).catch(async (error: unknown) => {
    // Threads and connections of what had started would keep the process.
    endsAtOnce = true
    const { asStartProblem } = await import('./compose/start_problem.ts')
    throw asStartProblem(error)
  })
  const { log } = served.context
  process.on('SIGHUP', () => {
    served.reload().catch((error: unknown) => log.error({ code: asSallyportError(error).code }, 'reload failed'))
  })
  const { promise, resolve } = Promise.withResolvers<number>()
  let stopping = false
  const stop = () => {
    if (stopping) process.exit(1)
    stopping = true
    served.shutDown().then(
      () => resolve(0),
      (error: unknown) => {
        log.fatal({ err: error }, 'the shutdown failed')
        resolve(1)
      },
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  return promise
}

process.exitCode = await runCli(process.argv.slice(2), { serve: serveUntilSignalled })
if (endsAtOnce) process.exit()
