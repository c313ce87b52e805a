import type { sinkOperations } from '../contract/sinks.ts'
import { configured, type Handlers } from '../handler.ts'
import type { ApiDeps } from '../ports.ts'

export function sinkHandlers({ control, sinks }: ApiDeps): Handlers<keyof typeof sinkOperations> {
  return {
    listSinks: async ({ caller }) => {
      await control.require(caller, 'sink.read')
      return { items: [...configured(sinks, 'sinks').statuses()] }
    },
    testSink: async ({ caller, input: { params } }) => {
      await control.require(caller, 'sink.test')
      return await configured(sinks, 'sinks').test(params.name)
    },
  }
}
