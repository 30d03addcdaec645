import { reportFormats } from '../checks/report/format-report.ts'
import { choice, text, toggle } from '../kernel/settings.ts'
import { hintLevels } from './composition-report.ts'

export const composeSettings = {
  config: text(
    "Subgraphs to compose, in the format of Rover's supergraph.yaml; - reads it from standard input.",
    'supergraph.yaml',
  ),
  output: text('File to write; - prints the supergraph.', 'schema/supergraph.graphql'),
  check: toggle('Write nothing; fail when the file is not what would be written.', false),
  watch: toggle('Stay, and compose again whenever the configuration or a schema changes.', false),
  hints: choice('What to show besides errors.', 'warning', hintLevels),
  format: choice(
    'How what was found is told; all but pretty go to standard output, hints included.',
    'pretty',
    reportFormats,
  ),
}
