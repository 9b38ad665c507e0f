/** Where the site's pages are: by default as on the portal of 1999-2020. */
export interface SitePaths {
  login: string
  authenticate: string
  /** The listing; archives lie beside it. */
  listing: string
}

export const DEFAULT_PATHS: SitePaths = {
  login: '/FLoan/secure/login.php',
  authenticate: '/FLoan/secure/auth.php',
  listing: '/FLoan/Data/download.php',
}
