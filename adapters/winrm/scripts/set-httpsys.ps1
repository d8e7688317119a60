# operation: set-httpsys
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
$bits = @{
  dsmapper = 1; clientcertnegotiation = 2; reject = 8; disablehttp2 = 16; disablequic = 32; disabletls13 = 64
  disableocspstapling = 128; enabletokenbinding = 256; logextendedevents = 512; disablelegacytls = 1024
  enablesessionticket = 2048; disabletls12 = 4096; disablesessionid = 16384
}
function Find-Row {
  param([string]$kind, [string]$wanted)
  Get-HttpSysRows $kind | Where-Object { $_.key -eq $wanted }
}
function Find-Difference {
  # The first field in which the registry's row is not the record; nothing when they agree.
  param($row, $record)
  if ($null -eq $row) { return 'there is no such record' }
  $flags = 0
  foreach ($name in $bits.Keys) { if ($record.$name) { $flags = $flags -bor $bits[$name] } }
  $mode = 0
  if (-not $record.verifyclientcertrevocation) { $mode = $mode -bor 1 }
  if ($record.verifyrevocationwithcachedclientcertonly) { $mode = $mode -bor 2 }
  if (-not $record.usagecheck) { $mode = $mode -bor 65536 }
  $store = "$($row.storeName)"
  if (-not $store) { $store = 'MY' }
  $fields = @(
    @{ name = 'certificate'; found = $row.certHash; wanted = $record.certhash }
    @{ name = 'application'; found = $row.appId; wanted = $record.appid }
    @{ name = 'store'; found = $store; wanted = $record.certstorename }
    @{ name = 'flags'; found = $row.flags -band 24571; wanted = $flags }
    @{ name = 'check mode'; found = $row.checkMode -band 65539; wanted = $mode }
    @{ name = 'freshness time'; found = $row.freshnessTime; wanted = $record.revocationfreshnesstime }
    @{ name = 'URL retrieval timeout'; found = $row.urlRetrievalTimeout; wanted = $record.urlretrievaltimeout }
    @{ name = 'CTL identifier'; found = $row.ctlIdentifier; wanted = $record.ctlidentifier }
    @{ name = 'CTL store'; found = $row.ctlStoreName; wanted = $record.ctlstorename }
  )
  foreach ($field in $fields) {
    if ("$($field.found)" -ne "$($field.wanted)") { return "$($field.name) is '$($field.found)', not '$($field.wanted)'" }
  }
}
function Get-Word {
  param($value)
  if ($value) { 'enable' } else { 'disable' }
}

try {
  $phase = 'read parameters'
  $p = Read-Parameters
  $after = $p.after
  $refused = $true
  if ('ipport', 'hostnameport' -notcontains $p.kind) { throw "there is no kind '$($p.kind)'" }
  if ("$($p.key)" -notmatch '^[0-9A-Za-z_.:*\[\]%-]+:[0-9]+\z') { throw "'$($p.key)' is not ADDRESS:PORT or HOST:PORT" }
  if ("$($after.certhash)" -notmatch '^[0-9A-Fa-f]{40}\z') { throw "'$($after.certhash)' is not a thumbprint" }
  if ("$($after.appid)" -notmatch '^\{[0-9A-Fa-f-]{36}\}\z') { throw "'$($after.appid)' is not an application id" }
  foreach ($text in "$($after.certstorename)", "$($after.ctlidentifier)", "$($after.ctlstorename)") {
    if ($text -notmatch '^[0-9A-Za-z_. -]*\z') { throw "'$text' is not the name of a store or list" }
  }
  $registryKind = 'SslBindingInfo'
  if ($p.kind -eq 'hostnameport') { $registryKind = 'SslSniBindingInfo' }

  $phase = 'compare'
  $difference = Find-Difference (Find-Row $registryKind $p.key) $p.before
  if ($difference) { throw "the record of $($p.key) is not as the plan saw it: $difference" }
  $refused = $false

  # netsh sets what is not named to its default, so everything is named; what 2012 R2 doesn't know only where it is on.
  $phase = 'write'
  $words = @(
    "$($p.kind)=$($p.key)", "certhash=$($after.certhash)", "appid=$($after.appid)", "certstorename=$($after.certstorename)"
    "verifyclientcertrevocation=$(Get-Word $after.verifyclientcertrevocation)"
    "verifyrevocationwithcachedclientcertonly=$(Get-Word $after.verifyrevocationwithcachedclientcertonly)"
    "usagecheck=$(Get-Word $after.usagecheck)", "revocationfreshnesstime=$([int64]$after.revocationfreshnesstime)"
    "urlretrievaltimeout=$([int64]$after.urlretrievaltimeout)", "dsmapperusage=$(Get-Word $after.dsmapper)"
    "clientcertnegotiation=$(Get-Word $after.clientcertnegotiation)"
  )
  if ($after.ctlidentifier) { $words += "sslctlidentifier=$($after.ctlidentifier)" }
  if ($after.ctlstorename) { $words += "sslctlstorename=$($after.ctlstorename)" }
  foreach ($name in $bits.Keys) {
    if ($after.$name -and 'dsmapper', 'clientcertnegotiation' -notcontains $name) { $words += "$name=enable" }
  }
  $said = (& netsh http update sslcert $words | Out-String).Trim()
  if ($LASTEXITCODE -ne 0) { throw "netsh http update sslcert ended with status $LASTEXITCODE`: $said" }

  $phase = 'read back'
  $row = Find-Row $registryKind $p.key
  $difference = Find-Difference $row $after
  if ($difference) { throw "netsh ended with status 0, but the record is not as written: $difference" }
  Write-Answer @{ ok = $true; record = $row }
} catch {
  Write-Answer @{ ok = $false; refused = $refused; phase = $phase; message = "$($_.Exception.GetBaseException().Message)" }
}
