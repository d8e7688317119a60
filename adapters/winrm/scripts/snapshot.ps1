# operation: snapshot
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
function Get-ConfigPath {
  $folder = Join-Path $env:windir 'System32\inetsrv\config'
  $redirection = Join-Path $folder 'redirection.config'
  if (Test-Path -LiteralPath $redirection) {
    $node = ([xml](Get-Content -LiteralPath $redirection -Raw -Encoding UTF8)).SelectSingleNode('/configuration/configurationRedirection')
    if ($null -ne $node -and $node.GetAttribute('enabled') -eq 'true') { throw 'IIS uses a shared configuration (redirection.config); that is not supported' }
  }
  Join-Path $folder 'applicationHost.config'
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
# shared: binding
function Get-BindingState {
  param($binding)
  $thumbprint = ''
  if ($binding.CertificateHash) { $thumbprint = -join ($binding.CertificateHash | ForEach-Object { $_.ToString('X2') }) }
  @{ thumbprint = $thumbprint; store = "$($binding.CertificateStoreName)"; sslFlags = [int]$binding['sslFlags'] }
}
# end
# shared: httpsys
function Get-HttpSysRows {
  # http.sys's table as the registry holds it: independent of the language that netsh speaks.
  param([string]$kind)
  $table = "HKLM:\SYSTEM\CurrentControlSet\Services\HTTP\Parameters\$kind"
  if (-not (Test-Path -LiteralPath $table)) { return }
  foreach ($entry in @(Get-ChildItem -LiteralPath $table)) {
    $value = Get-ItemProperty -LiteralPath $entry.PSPath
    $key = "$($entry.PSChildName)"
    if ($value.HostnamePort) { $key = "$($value.HostnamePort)" }
    $hash = ''
    if ($value.SslCertHash) { $hash = -join ($value.SslCertHash | ForEach-Object { $_.ToString('X2') }) }
    $appId = ''
    if ($value.AppId -is [byte[]]) { $appId = ([Guid]$value.AppId).ToString('B') }
    elseif ($value.AppId) { $appId = ([Guid]"$($value.AppId)").ToString('B') }
    @{
      kind = $kind; key = $key; certHash = $hash; appId = $appId; storeName = "$($value.SslCertStoreName)"
      flags = [int64]$value.DefaultFlags; checkMode = [int64]$value.DefaultSslCertCheckMode
      freshnessTime = [int64]$value.DefaultSslRevocationFreshnessTime
      urlRetrievalTimeout = [int64]$value.DefaultSslRevocationUrlRetrievalTimeout
      ctlIdentifier = "$($value.DefaultSslCtlIdentifier)"; ctlStoreName = "$($value.DefaultSslCtlStoreName)"
    }
  }
}
# end
$errors = New-Object System.Collections.ArrayList
function Get-Part {
  # One part that fails doesn't lose the rest.
  param([string]$at, [scriptblock]$read)
  try { & $read } catch { [void]$errors.Add(@{ at = $at; message = "$($_.Exception.GetBaseException().Message)" }) }
}
function Get-EffectiveFlags {
  param($configuration, [string]$location)
  $value = $configuration.GetSection('system.webServer/security/access', $location)['sslFlags']
  if ($value -is [string]) { return ConvertTo-FlagText $value.Split(',') }
  $names = @()
  foreach ($pair in @(8, 'Ssl'), @(32, 'SslNegotiateCert'), @(64, 'SslRequireCert'), @(128, 'SslMapCert'), @(256, 'Ssl128')) {
    if ([int64]$value -band $pair[0]) { $names += $pair[1] }
  }
  ConvertTo-FlagText $names
}
function Get-KeyFacts {
  # Where the key lies and whether it may leave; never the key.
  param($certificate)
  $key = [System.Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPrivateKey($certificate)
  if ($null -eq $key) {
    $key = [System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]::GetECDsaPrivateKey($certificate)
  }
  if ($null -eq $key) { throw 'the key can not be opened' }
  if ($key.CspKeyContainerInfo) {
    return @{ provider = "$($key.CspKeyContainerInfo.ProviderName)"; exportable = [bool]$key.CspKeyContainerInfo.Exportable }
  }
  @{ provider = "$($key.Key.Provider.Provider)"; exportable = [bool]([int]$key.Key.ExportPolicy -band 3) }
}
function Get-Certificates {
  param([string]$store)
  if (-not (Test-Path -LiteralPath "Cert:\LocalMachine\$store")) { return }
  foreach ($one in @(Get-ChildItem -LiteralPath "Cert:\LocalMachine\$store")) {
    $facts = $null
    if ($one.HasPrivateKey) { $facts = Get-Part "key of $($one.Thumbprint) in $store" { Get-KeyFacts $one } }
    $row = @{
      store = $store; thumbprint = "$($one.Thumbprint)"; rawB64 = [Convert]::ToBase64String($one.RawData)
      hasKey = [bool]$one.HasPrivateKey; friendlyName = "$($one.FriendlyName)"; provider = ''; exportable = $null
    }
    if ($null -ne $facts) { $row.provider = $facts.provider; $row.exportable = $facts.exportable }
    $row
  }
}
function Get-Protocols {
  # Only what the registry says; a protocol that is absent follows the default of the Windows version.
  $found = @{ }
  $schannel = 'HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols'
  if (Test-Path -LiteralPath $schannel) {
    foreach ($entry in @(Get-ChildItem -LiteralPath $schannel)) {
      $server = "$schannel\$($entry.PSChildName)\Server"
      if (-not (Test-Path -LiteralPath $server)) { continue }
      $value = Get-ItemProperty -LiteralPath $server
      if ($null -eq $value.Enabled -and $null -eq $value.DisabledByDefault) { continue }
      $off = ($null -ne $value.Enabled -and $value.Enabled -eq 0) -or [bool]$value.DisabledByDefault
      $found["$($entry.PSChildName)"] = -not $off
    }
  }
  $found
}
function Get-SchannelValue {
  param([string]$name)
  $schannel = 'HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL'
  if (-not (Test-Path -LiteralPath $schannel)) { return }
  $value = (Get-ItemProperty -LiteralPath $schannel).$name
  if ($null -ne $value) { [int64]$value }
}

function Get-BindingRow {
  param($binding)
  $row = @{ thumbprint = ''; store = ''; sslFlags = 0 }
  if ($binding.Protocol -eq 'https') { $row = Get-BindingState $binding }
  $row.protocol = "$($binding.Protocol)"
  $row.information = "$($binding.BindingInformation)"
  $row
}
function Get-SiteRow {
  param($site)
  $state = Get-Part "state of site $($site.Name)" { $site.State }
  $bindings = @(Get-Part "bindings of site $($site.Name)" { foreach ($one in $site.Bindings) { Get-BindingRow $one } })
  @{ name = "$($site.Name)"; id = [int64]$site.Id; state = "$state"; bindings = $bindings }
}
function Get-AccessRows {
  # The site, and the two folders that devices use where they differ from it or say so themselves.
  param($configuration, [string]$siteName)
  $own = Get-EffectiveFlags $configuration $siteName
  @{ location = $siteName; flags = $own; explicit = (Get-StoredFlags $siteName) -ne 'unset' }
  foreach ($folder in 'ManageSoftDL', 'ManageSoftRL') {
    $location = "$siteName/$folder"
    $flags = Get-EffectiveFlags $configuration $location
    $explicit = (Get-StoredFlags $location) -ne 'unset'
    if ($explicit -or $flags -ne $own) { @{ location = $location; flags = $flags; explicit = $explicit } }
  }
}

try {
  $phase = 'read'
  $sites = @()
  $access = @()
  $readAhead = $null
  # A beacon without IIS still has certificates and http.sys records.
  $manager = Get-Part 'IIS' {
    Add-Type -Path (Join-Path $env:windir 'System32\inetsrv\Microsoft.Web.Administration.dll')
    New-Object Microsoft.Web.Administration.ServerManager
  }
  if ($null -ne $manager) {
    try {
      $configuration = $manager.GetApplicationHostConfiguration()
      $sites = @(Get-Part 'sites' { foreach ($one in $manager.Sites) { Get-SiteRow $one } })
      $access = @(Get-Part 'access' { foreach ($one in $manager.Sites) { Get-AccessRows $configuration "$($one.Name)" } })
      # Of the first site with an https binding; of the server where there is none.
      $first = ''
      foreach ($row in $sites) { if (-not $first -and @($row.bindings | Where-Object { $_.protocol -eq 'https' }).Count -gt 0) { $first = $row.name } }
      $readAhead = Get-Part 'uploadReadAheadSize' { [int64]$configuration.GetSection('system.webServer/serverRuntime', $first)['uploadReadAheadSize'] }
    } finally { $manager.Dispose() }
  }

  $windows = Get-Part 'Windows version' { Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion' }
  $elevated = Get-Part 'rights' {
    $principal = New-Object System.Security.Principal.WindowsPrincipal ([System.Security.Principal.WindowsIdentity]::GetCurrent())
    $principal.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)
  }
  $services = @{ }
  foreach ($name in 'W3SVC', 'WAS') { $services[$name] = "$(Get-Part "service $name" { (Get-Service -Name $name).Status })" }
  $invariant = [System.Globalization.CultureInfo]::InvariantCulture
  Write-Answer @{
    ok = $true; schema = 1
    utc = (Get-Date).ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ss.fffZ', $invariant)
    computer = "$env:COMPUTERNAME"; build = "$($windows.CurrentBuildNumber)"; powershell = "$($PSVersionTable.PSVersion)"
    elevated = $elevated
    features = @(Get-Part 'features' { Get-WindowsFeature -Name 'Web-*' | Where-Object { $_.Installed } | ForEach-Object { "$($_.Name)" } })
    sites = $sites; access = $access
    httpsys = @(Get-Part 'http.sys' { foreach ($kind in 'SslBindingInfo', 'SslSniBindingInfo', 'SslCcsBindingInfo') { Get-HttpSysRows $kind } })
    certificates = @(Get-Part 'certificates' { foreach ($store in 'My', 'WebHosting', 'Root', 'CA', 'ClientAuthIssuer', 'REQUEST') { Get-Certificates $store } })
    schannel = @{
      protocols = Get-Part 'Schannel protocols' { Get-Protocols }
      sendTrustedIssuerList = Get-Part 'SendTrustedIssuerList' { Get-SchannelValue 'SendTrustedIssuerList' }
      clientAuthTrustMode = Get-Part 'ClientAuthTrustMode' { Get-SchannelValue 'ClientAuthTrustMode' }
    }
    uploadReadAheadSize = $readAhead
    configSha256 = "$(Get-Part 'applicationHost.config' { Get-ConfigHash })"
    services = $services
    errors = @($errors)
  }
} catch {
  Write-Answer @{ ok = $false; refused = $refused; phase = $phase; message = "$($_.Exception.GetBaseException().Message)" }
}
