import { expect, test } from 'vitest'
import { terminalOf } from '../../cli/terminal.ts'

test.each([
  ['a terminal has colours and its width', { isTTY: true, columns: 90 }, {}, true, 90, true],
  ['NO_COLOR takes the colours away', { isTTY: true, columns: 90 }, { NO_COLOR: '1' }, false, 90, true],
  ['an empty NO_COLOR does not', { isTTY: true, columns: 90 }, { NO_COLOR: '' }, true, 90, true],
  [
    'a dumb terminal gets neither colours nor progress',
    { isTTY: true, columns: 80 },
    { TERM: 'dumb' },
    false,
    80,
    false,
  ],
  ['a file gets no colours, no width, no progress', {}, {}, false, undefined, false],
  ['FORCE_COLOR colours a file, e.g. the log of CI', {}, { FORCE_COLOR: '1' }, true, undefined, false],
  ['FORCE_COLOR=0 takes colours away', { isTTY: true, columns: 80 }, { FORCE_COLOR: '0' }, false, 80, true],
])('%s', (_name, stream, environment, colour, width, interactive) => {
  expect(terminalOf(stream, environment)).toEqual({ colour, width, interactive })
})
