import { expect, test } from 'vitest'
import { Progress, progressBar } from '../../cli/progress.ts'

function recorded(
  interactive: boolean,
  width: number,
): { readonly progress: Progress; readonly text: () => string } {
  let text = ''
  const progress = new Progress({ interactive, width, colour: false }, part => (text += part))
  return { progress, text: () => text }
}

test('progress is one line that is written over itself and leaves nothing behind', () => {
  const { progress, text } = recorded(true, 80)
  progress.show('one')
  progress.show('two')
  progress.clear()
  progress.clear()
  expect(text()).toBe('\r\u001b[2Kone\r\u001b[2Ktwo\r\u001b[2K')
})

test('nothing is written where nobody looks, and nothing that would wrap', () => {
  const away = recorded(false, 80)
  away.progress.show('one')
  away.progress.clear()
  expect(away.text()).toBe('')
  const narrow = recorded(true, 10)
  narrow.progress.show('much longer than ten columns')
  expect(narrow.text()).not.toContain('longer')
})

test('a bar is as full as the work is done', () => {
  expect(progressBar(0, 10)).toBe(`[${'-'.repeat(30)}] 0 %`)
  expect(progressBar(5, 10)).toBe(`[${'#'.repeat(15)}${'-'.repeat(15)}] 50 %`)
  expect(progressBar(11, 10)).toBe(`[${'#'.repeat(30)}] 100 %`)
  expect(progressBar(0, 0)).toBe(`[${'#'.repeat(30)}] 100 %`)
})
