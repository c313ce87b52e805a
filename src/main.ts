import './node_version.ts'
import { runCli } from './cli/run_cli.ts'
import { asSallyportError } from './errors.ts'
import { serve } from './serve.ts'

/** Runs until a signal: SIGTERM and SIGINT drain, a second one ends at once, SIGHUP reloads. */
async function serveUntilSignalled(configDir: string): Promise<void> {
  const served = await serve(configDir)
  const { log } = served.context
  let stopping = false
  const stop = () => {
    if (stopping) process.exit(1)
    stopping = true
    served.shutDown().then(
      () => process.exit(0),
      (error: unknown) => {
        log.fatal({ err: error }, 'the shutdown failed')
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  process.on('SIGHUP', () => {
    served.reload().catch((error: unknown) => log.error({ code: asSallyportError(error).code }, 'reload failed'))
  })
}

await runCli(process.argv, { serve: serveUntilSignalled })
