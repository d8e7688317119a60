# operation: set-binding
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
# shared: binding
function Get-BindingState {
  param($binding)
  $thumbprint = ''
  if ($binding.CertificateHash) { $thumbprint = -join ($binding.CertificateHash | ForEach-Object { $_.ToString('X2') }) }
  @{ thumbprint = $thumbprint; store = "$($binding.CertificateStoreName)"; sslFlags = [int]$binding['sslFlags'] }
}
# end
function Find-Binding {
  param($manager, [string]$siteName, [string]$information)
  $site = $manager.Sites[$siteName]
  if ($null -eq $site) { return }
  # By the whole text: filters on address, port or host also match other bindings.
  foreach ($one in $site.Bindings) {
    if ($one.Protocol -eq 'https' -and $one.BindingInformation -eq $information) { return $one }
  }
}
function ConvertTo-StateText {
  param($state)
  $in = "$($state.store)".ToUpperInvariant()
  if (-not $in) { $in = 'MY' }
  '{0} in {1}, flags {2}' -f "$($state.thumbprint)".ToUpperInvariant(), $in, [int]$state.sslFlags
}

try {
  $phase = 'read parameters'
  $p = Read-Parameters
  $thumbprint = "$($p.after.thumbprint)"
  $store = "$($p.after.store)"
  $flags = [int]$p.after.sslFlags
  $refused = $true
  if ($thumbprint -notmatch '^[0-9A-Fa-f]{40}\z') { throw "'$thumbprint' is not a thumbprint" }
  if ('My', 'WebHosting' -notcontains $store) { throw "certificates of a binding are in My or WebHosting, not '$store'" }
  if (($flags -band 1) -and "$($p.information)".EndsWith(':')) { throw 'SNI needs a host name in the binding' }
  $certificate = @(Get-ChildItem -LiteralPath "Cert:\LocalMachine\$store" | Where-Object { $_.Thumbprint -eq $thumbprint })
  if ($certificate.Count -eq 0) { throw "there is no certificate $thumbprint in $store" }
  if (-not $certificate[0].HasPrivateKey) { throw "certificate $thumbprint in $store has no private key" }
  $refused = $false

  # The binding is read first: from here on a commit fails when somebody else writes the file.
  $phase = 'open'
  Add-Type -Path (Join-Path $env:windir 'System32\inetsrv\Microsoft.Web.Administration.dll')
  $manager = New-Object Microsoft.Web.Administration.ServerManager
  try {
    $binding = Find-Binding $manager "$($p.site)" "$($p.information)"
    if ($null -eq $binding) { $refused = $true; throw "site '$($p.site)' has no https binding '$($p.information)'" }

    $phase = 'compare'
    $refused = $true
    $seen = Get-ConfigHash
    $refused = $false
    if ($p.configSha256 -and $p.configSha256 -ne $seen) {
      $refused = $true; throw 'applicationHost.config has changed since the plan was made'
    }
    $found = ConvertTo-StateText (Get-BindingState $binding)
    $before = ConvertTo-StateText $p.before
    if ($found -ne $before) { $refused = $true; throw "the binding is $found, the plan saw $before" }

    # Binding the same certificate again would make the http.sys record anew, with default flags, for nothing.
    $after = ConvertTo-StateText $p.after
    if ($found -ne $after) {
      $phase = 'commit'
      $bytes = New-Object byte[] 20
      for ($at = 0; $at -lt 20; $at++) { $bytes[$at] = [Convert]::ToByte($thumbprint.Substring(2 * $at, 2), 16) }
      $binding['sslFlags'] = $flags
      $binding.CertificateStoreName = $store
      $binding.CertificateHash = $bytes
      try { $manager.CommitChanges() } catch { $refused = (Get-ConfigHash) -ne $seen; throw }
    }
  } finally { $manager.Dispose() }

  $phase = 'read back'
  $manager = New-Object Microsoft.Web.Administration.ServerManager
  try { $state = Get-BindingState (Find-Binding $manager "$($p.site)" "$($p.information)") } finally { $manager.Dispose() }
  $now = ConvertTo-StateText $state
  if ($now -ne $after) { throw "wrote $after and found $now" }
  Write-Answer @{ ok = $true; binding = $state; configSha256 = Get-ConfigHash }
} catch {
  Write-Answer @{ ok = $false; refused = $refused; phase = $phase; message = "$($_.Exception.GetBaseException().Message)" }
}
