import { styleText } from 'node:util'

/** What the place that text is written to can show. */
export interface Display {
  readonly colour: boolean
  /** Columns to fit into. Undefined: as long as it takes, e.g. in a file or a log of CI. */
  readonly width: number | undefined
}

type Style = Parameters<typeof styleText>[0]

/** `text` in a style where the display has colours, else as it is. */
export function paint(display: Display, style: Style, text: string): string {
  return display.colour ? styleText(style, text, { validateStream: false }) : text
}
