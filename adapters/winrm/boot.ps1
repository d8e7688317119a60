$ErrorActionPreference = 'Stop'; $ProgressPreference = 'SilentlyContinue'
$parts = (@($input) -join '').Split('|')
& ([ScriptBlock]::Create([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($parts[0])))) ($parts[1])
