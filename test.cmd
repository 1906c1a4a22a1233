@echo off
rem The whole test run; arguments are passed on to the test runner.
setlocal
cd /d "%~dp0" || exit /b 1
dotnet test --project tests\Cloze.Tests -c Release %*
exit /b %errorlevel%
