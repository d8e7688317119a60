# operation: restart-site
param([string]$payload)
# shared: prologue
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
$phase = 'start'
$refused = $false
function Write-Answer {
  param($answer)
  $json = ConvertTo-Json -InputObject $answer -Depth 8 -Compress
  [Console]::Out.Write('##B64##' + [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($json)) + '##END##')
}
function Read-Parameters {
  ConvertFrom-Json -InputObject ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($payload)))
}
# end
function Wait-State {
  param($site, [string]$wanted)
  $end = (Get-Date).AddSeconds(30)
  while ("$($site.State)" -ne $wanted) {
    if ((Get-Date) -gt $end) { throw "the site is $($site.State) after 30 seconds, not $wanted" }
    Start-Sleep -Milliseconds 200
  }
}

try {
  $phase = 'read parameters'
  $p = Read-Parameters

  $phase = 'open'
  Add-Type -Path (Join-Path $env:windir 'System32\inetsrv\Microsoft.Web.Administration.dll')
  $manager = New-Object Microsoft.Web.Administration.ServerManager
  try {
    $site = $manager.Sites["$($p.site)"]
    if ($null -eq $site) { $refused = $true; throw "there is no site '$($p.site)'" }

    $phase = 'stop'
    if ("$($site.State)" -ne 'Stopped') { [void]$site.Stop() }
    Wait-State $site 'Stopped'

    # From here the site is down until it starts: a message of this phase says so.
    $phase = 'start'
    try {
      [void]$site.Start()
      Wait-State $site 'Started'
    } catch { throw "the site is stopped and does not start: $($_.Exception.GetBaseException().Message)" }
    $state = "$($site.State)"
  } finally { $manager.Dispose() }
  Write-Answer @{ ok = $true; state = $state }
} catch {
  Write-Answer @{ ok = $false; refused = $refused; phase = $phase; message = "$($_.Exception.GetBaseException().Message)" }
}
