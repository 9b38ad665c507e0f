/** The site's pages. Their markup is a contract with scrapers: README.md. */
import type { SitePaths } from './paths.ts'

export interface ListedArchive {
  name: string
  size: number
  /** An HTTP date. */
  modified: string
  sha256: string
}

export function loginPage({ authenticate }: SitePaths, error?: string): string {
  return page(
    'Sign in',
    `${error ? `<p class="error">${escapeHtml(error)}</p>\n` : ''}<form name="loginform" action="${authenticate}" method="post">
<p><label>User name <input type="text" name="username" autocomplete="username" required></label></p>
<p><label>Password <input type="password" name="password" autocomplete="current-password" required></label></p>
<p><input type="submit" name="submit" value="Sign in"></p>
</form>`,
  )
}

export function termsPage({ listing }: SitePaths): string {
  return page(
    'Terms and conditions',
    `<p>These loans are made up. Still, a site of this kind asks you to accept its terms before it lets you download.</p>
<form name="termsform" action="${listing}" method="post">
<p><label><input type="radio" name="accept" value="Yes"> Yes, I accept</label>
<label><input type="radio" name="accept" value="No" checked> No</label></p>
<p><input type="hidden" name="action" value="acceptTandC"><input type="submit" name="acceptSubmit" value="Continue"></p>
</form>`,
  )
}

export function listingPage(archives: readonly ListedArchive[]): string {
  const rows = archives.map(
    ({ name, size, modified, sha256 }) =>
      `<tr><td><a href="${escapeHtml(name)}">${escapeHtml(name)}</a></td><td>${size}</td><td>${modified}</td><td>${sha256}</td></tr>`,
  )
  return page(
    'Download',
    `<table class="table1">
<thead><tr><th>File</th><th>Size (bytes)</th><th>Last modified</th><th>SHA-256</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`,
  )
}

export function notFoundPage(): string {
  return page('Not found', '<p>There is no such page or file.</p>')
}

function page(title: string, body: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Single-family loan data: ${title}</title></head>
<body>
<h1>${title}</h1>
${body}
</body>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
