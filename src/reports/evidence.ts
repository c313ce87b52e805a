import { CONTROLS, type Control, controlsOf, SECTIONS } from './controls.ts'
import { type Figures, figuresOf } from './figures.ts'
import { type GrantFinding, idleGrants, overPrivilege } from './grant_findings.ts'
import type { Pack } from './pack.ts'
import { recordsOf } from './period_records.ts'
import type { Period, ReportDeps } from './report_ports.ts'
import type { PackFormat, ReportThreads } from './report_thread.ts'
import { sectionOf } from './sections.ts'

export interface EvidenceReports {
  controls(): readonly (Pick<Control, 'id' | 'standard' | 'title'> & { readonly holds: readonly string[] })[]
  /** Rejects with `SP-INPUT` for a control that is not known, `SP-AUDIT` where the log can't be read. */
  build(
    question: Period & { readonly controls: readonly string[]; readonly format: PackFormat },
  ): Promise<{ readonly fileName: string; readonly bytes: Uint8Array }>
  figures(from: number, to: number): Promise<Figures>
  idleGrants(): Promise<readonly GrantFinding[]>
  overPrivileged(from: number, to: number): Promise<readonly GrantFinding[]>
}

export function createEvidence(deps: ReportDeps, threads: Pick<ReportThreads, 'render'>): EvidenceReports {
  return {
    controls: () => CONTROLS.map(({ sections, ...control }) => ({ ...control, holds: sections })),
    build: async ({ controls: ids, from, to, format }) => {
      const pack = await packOf(deps, controlsOf(ids), { from, to })
      return { fileName: fileNameOf(pack, format), bytes: await threads.render(pack, format) }
    },
    figures: async (from, to) => {
      const [{ revocationMs }] = await Promise.all([deps.audit.period({ from, to }), deps.lookAtTargets()])
      return figuresOf(deps, { from, to }, revocationMs)
    },
    idleGrants: () => idleGrants(deps),
    overPrivileged: async (from, to) => (await overPrivilege(deps, { from, to })).findings,
  }
}

async function packOf(deps: ReportDeps, controls: readonly Control[], { from, to }: Period): Promise<Pack> {
  const records = await recordsOf(deps, { from, to })
  const wanted = SECTIONS.filter((name) => controls.some(({ sections }) => sections.includes(name)))
  const sections = wanted.map((name) => sectionOf(name, records))
  return { title: 'Evidence of access to databases', from, to, controls, sections }
}

/** The days of the period; the end itself is not in it. */
function fileNameOf({ from, to }: Pack, format: PackFormat): string {
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10)
  return `evidence-${day(from)}-to-${day(to - 1)}.${format}`
}
