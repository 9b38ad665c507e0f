/** The console: state machines and executions, one execution as a graph with its events, the objects in S3, and SQL. */
import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { ExecutionPage } from './execution.ts'
import { html } from './html.ts'
import { MachinesPage } from './machines.ts'
import { ObjectsPage } from './objects.ts'
import { QueryPage } from './query.ts'

/** Addresses are fragments: `#/`, `#/execution/<arn>`, `#/s3/<bucket>/<prefix or key>`, `#/query`. */
function useRoute(): string[] {
  const read = () => location.hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent)
  const [route, setRoute] = useState(read)
  useEffect(() => {
    const update = () => setRoute(read())
    addEventListener('hashchange', update)
    return () => removeEventListener('hashchange', update)
  }, [])
  return route
}

function Console() {
  const [page = '', ...rest] = useRoute()
  return html`<header>
      <a class="name" href="#/">Stepwell</a>
      <nav>
        <a href="#/" aria-current=${page === '' || page === 'execution' ? 'page' : undefined}>Executions</a>
        <a href="#/s3" aria-current=${page === 's3' ? 'page' : undefined}>S3</a>
        <a href="#/query" aria-current=${page === 'query' ? 'page' : undefined}>Query</a>
      </nav>
      <span class="where">local cloud · ${location.host}</span>
    </header>
    <main>
      ${page === 'execution' && html`<${ExecutionPage} key=${rest[0]} executionArn=${rest[0]} />`}
      ${page === 's3' && html`<${ObjectsPage} bucket=${rest[0]} prefix=${rest.slice(1).join('/')} />`}
      ${page === 'query' && html`<${QueryPage} />`}
      ${page === '' && html`<${MachinesPage} />`}
    </main>`
}

render(html`<${Console} />`, document.getElementById('console')!)
