# operation: set-access
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
# shared: configuration
function Test-SharedConfiguration {
  $redirection = Join-Path $env:windir 'System32\inetsrv\config\redirection.config'
  if (-not (Test-Path -LiteralPath $redirection)) { return $false }
  $node = ([xml](Get-Content -LiteralPath $redirection -Raw -Encoding UTF8)).SelectSingleNode('/configuration/configurationRedirection')
  $null -ne $node -and $node.GetAttribute('enabled') -eq 'true'
}
function Get-ConfigPath {
  if (Test-SharedConfiguration) { throw 'IIS uses a shared configuration (redirection.config); that is not supported' }
  Join-Path $env:windir 'System32\inetsrv\config\applicationHost.config'
}
function Get-ConfigHash {
  (Get-FileHash -LiteralPath (Get-ConfigPath) -Algorithm SHA256).Hash.ToLowerInvariant()
}
# end
# shared: flags
function ConvertTo-FlagText {
  # A set of names as one text that compares: 'unset', 'None' or 'Ssl,SslNegotiateCert'.
  param($flags)
  if ($null -eq $flags) { return 'unset' }
  $names = @($flags | ForEach-Object { "$_".Trim() } | Where-Object { $_ -and $_ -ne 'None' } | Sort-Object)
  if ($names.Count -eq 0) { return 'None' }
  $names -join ','
}
function Get-StoredFlags {
  # What applicationHost.config itself says for this very location, as it lies on the disk.
  param([string]$location)
  $stored = $null
  $xml = [xml](Get-Content -LiteralPath (Get-ConfigPath) -Raw -Encoding UTF8)
  foreach ($node in $xml.SelectNodes('/configuration/location')) {
    $access = $node.SelectSingleNode('system.webServer/security/access')
    if ($node.GetAttribute('path') -eq $location -and $null -ne $access -and $access.HasAttribute('sslFlags')) {
      $stored = $access.GetAttribute('sslFlags').Split(',')
    }
  }
  ConvertTo-FlagText $stored
}
# end

try {
  $phase = 'read parameters'
  $p = Read-Parameters
  $location = "$($p.location)"
  $before = ConvertTo-FlagText $p.before
  $after = ConvertTo-FlagText $p.after
  if ($location -ne $p.site -and -not $location.StartsWith("$($p.site)/", 'OrdinalIgnoreCase')) {
    $refused = $true; throw "'$location' is not in site '$($p.site)'"
  }
  foreach ($name in $after.Split(',')) {
    if ('unset', 'None', 'Ssl', 'SslNegotiateCert', 'SslRequireCert', 'SslMapCert', 'Ssl128' -notcontains $name) {
      $refused = $true; throw "there is no access flag '$name'"
    }
  }

  # The section is read first: from here on a commit fails when somebody else writes the file.
  $phase = 'open'
  Add-Type -Path (Join-Path $env:windir 'System32\inetsrv\Microsoft.Web.Administration.dll')
  $manager = New-Object Microsoft.Web.Administration.ServerManager
  try {
    if ($null -eq $manager.Sites["$($p.site)"]) { $refused = $true; throw "there is no site '$($p.site)'" }
    $section = $manager.GetApplicationHostConfiguration().GetSection('system.webServer/security/access', $location)
    $effective = $section['sslFlags']

    $phase = 'compare'
    $refused = $true
    $seen = Get-ConfigHash
    $refused = $false
    if ($p.configSha256 -and $p.configSha256 -ne $seen) {
      $refused = $true; throw 'applicationHost.config has changed since the plan was made'
    }
    $found = Get-StoredFlags $location
    if ($found -ne $before) {
      $refused = $true; throw "'$location' is $found (effective $effective), the plan saw $before"
    }

    if ($found -ne $after) {
      $phase = 'commit'
      if ($after -eq 'unset') { $section.RevertToParent() } else { $section['sslFlags'] = $after }
      try { $manager.CommitChanges() } catch { $refused = (Get-ConfigHash) -ne $seen; throw }
    }
  } finally { $manager.Dispose() }

  $phase = 'read back'
  $now = Get-StoredFlags $location
  if ($now -ne $after) { throw "wrote $after to '$location' and found $now" }
  $flags = $null
  if ($now -eq 'None') { $flags = @() } elseif ($now -ne 'unset') { $flags = @($now.Split(',')) }
  Write-Answer @{ ok = $true; flags = $flags; configSha256 = Get-ConfigHash }
} catch {
  Write-Answer @{ ok = $false; refused = $refused; phase = $phase; message = "$($_.Exception.GetBaseException().Message)" }
}
