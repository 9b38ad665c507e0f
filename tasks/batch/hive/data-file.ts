/** Which objects under a table's path are its data: Hive leaves hidden files, folders and empty files behind, and reads none of them. */
export function isDataFile({ Key, Size }: { Key?: string | undefined; Size?: number | undefined }): boolean {
  return Key !== undefined && (Size ?? 0) > 0 && !/(^|\/)[._]/.test(Key)
}
