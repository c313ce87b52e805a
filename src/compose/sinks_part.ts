import { sinkState } from '../sinks/position.ts'
import { createSinkMetrics } from '../sinks/sink_metrics.ts'
import type { SinkNews } from '../sinks/sink_status.ts'
import { createSinks, type Sinks } from '../sinks/sinks.ts'
import { VERSION } from '../version.ts'
import type { Foundations } from './foundations.ts'

type SinkPartDeps = Pick<Foundations, 'alerts' | 'audit' | 'config' | 'log' | 'metrics' | 'output' | 'secrets'>

/** What is no trouble, or no longer. */
const GOOD_NEWS: ReadonlySet<SinkNews['what']> = new Set(['recovered', 'caught_up'])

/** The log has not what a sink has got, or not what it had to get. */
const TELLS_OF_THE_LOG: ReadonlySet<SinkNews['what']> = new Set(['strange_position', 'gap'])

/** The sinks of this node. */
export function composeSinks(deps: SinkPartDeps): Sinks {
  const { audit, config, metrics, output, secrets } = deps
  const log = deps.log.child({ part: 'sinks' })
  const { node } = config
  const sinks: Sinks = createSinks({
    directory: node.audit.directory,
    state: sinkState(node.dataDir),
    progress: audit.progress,
    node: node.name,
    version: VERSION,
    secret: (reference) => secrets.text(reference),
    print: (text) => output.writeAll(text),
    onNews: (news) => {
      if (GOOD_NEWS.has(news.what)) log.info(news, 'a sink is well again')
      else log.warn(news, 'a sink needs somebody to look at it')
      if (TELLS_OF_THE_LOG.has(news.what)) deps.alerts.chainMismatch(`the sink ${news.sink}: ${news.detail}`)
    },
    onStatus: (statuses) => counted.follow(statuses),
    onDeath: (err) => log.error({ err }, 'the thread of the sinks has ended; another one is started'),
  })
  const counted = createSinkMetrics(metrics.registry, () => sinks.statuses())
  sinks.configure(node.audit.sinks).catch((err: unknown) => log.error({ err }, 'the sinks could not be started'))
  deps.alerts.watchSinks(() => sinks.statuses())
  return sinks
}
