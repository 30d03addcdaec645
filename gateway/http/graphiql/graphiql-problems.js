// Runs in the browser during development: shows below GraphiQL what is wrong with the schemas, and offers to load the
// page again when other ones are served.

const everyMs = 1_000
let shownHash

document.addEventListener('DOMContentLoaded', () => {
  const panel = document.createElement('section')
  panel.id = 'problems'
  panel.setAttribute('role', 'status')
  Object.assign(panel.style, {
    position: 'fixed',
    inset: 'auto 0 0 0',
    maxHeight: '50vh',
    overflow: 'auto',
    zIndex: '1000',
    padding: '0.75rem 1rem',
    font: '13px/1.4 ui-monospace, monospace',
    whiteSpace: 'pre-wrap',
    color: '#fff',
    display: 'none',
  })
  document.body.append(panel)
  void look(panel)
})

async function look(panel) {
  const { problems, hash } = await ask()
  // Null: the page was loaded before there was any schema.
  if (shownHash === undefined) shownHash = hash
  if (problems !== null) show(panel, '#8b1a1a', problems)
  else if (hash !== shownHash) show(panel, '#1a5c2e', 'The schema has changed. ', reloadButton())
  else panel.style.display = 'none'
  setTimeout(() => void look(panel), everyMs)
}

async function ask() {
  try {
    const response = await fetch('/graphql/problems', { cache: 'no-store' })
    return await response.json()
  } catch {
    return { problems: 'The gateway does not answer. Is `ennead dev` still running?', hash: null }
  }
}

/** As text only: a schema may hold anything. */
function show(panel, colour, text, ...more) {
  panel.style.display = 'block'
  panel.style.background = colour
  if (panel.dataset.text === text) return
  panel.dataset.text = text
  panel.replaceChildren(text, ...more)
}

function reloadButton() {
  const button = document.createElement('button')
  button.textContent = 'Load it'
  button.style.font = 'inherit'
  button.addEventListener('click', () => location.reload())
  return button
}
