@echo off
rem Runs the cloze command of this folder. Builds it first where it is missing or older than its sources.
setlocal
set "root=%~dp0"
set "binary=%root%artifacts\bin\Cloze.Cli\release\cloze.exe"

dotnet --list-sdks 2>nul | findstr /b "10\." >nul
if errorlevel 1 (
  echo cloze: the .NET SDK 10 is missing: no 'dotnet' with an SDK 10 on the PATH; get it at https://dotnet.microsoft.com/download/dotnet/10.0 1>&2
  exit /b 127
)

set "newest=(Get-ChildItem -Recurse -File -Path src, models, Directory.*.props, global.json | Measure-Object -Maximum LastWriteTimeUtc).Maximum"
pushd "%root%"
if exist "%binary%" powershell -NoProfile -Command "if (%newest% -gt (Get-Item $env:binary).LastWriteTimeUtc) { exit 1 }" && goto run
echo cloze: building (once; some seconds) ... 1>&2
dotnet build src\Cloze.Cli -c Release --nologo --verbosity quiet -p:RunAnalyzers=false 1>&2 <nul || (popd & echo cloze: the build failed. 1>&2 & exit /b 1)
:run
popd
"%binary%" %*
exit /b %errorlevel%
