/** SQL scripts are bundled as text. */
declare module '*.sql' {
  const script: string
  export default script
}
