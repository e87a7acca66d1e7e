"""The one reader of lists: tables in text or in a workbook, with headers in any known spelling."""
