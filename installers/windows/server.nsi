; The server for Windows: a service for every user of the machine, its data in ProgramData, its ports on private networks.
; Silent: hms-server-0.1.0-win32-x86_64.exe /S [/D=C:\folder]. Exit codes: 0 done; 2 nothing was changed; 3 the version before is back.

!define TITLE "HMS Server"
!include "common.nsh"

Page directory
Page instfiles
UninstPage uninstConfirm
UninstPage instfiles

Var Data
Var Upgrading
Var HasClinic

Function .onInit
  !insertmacro CheckWindows
  ReadEnvStr $Data "PROGRAMDATA"
  StrCpy $Data "$Data\HMS Server\data"
FunctionEnd

; Runs the program of the version that lies in a folder; $0 is its exit code.
!macro Server folder arguments
  DetailPrint "hms-server ${arguments}"
  nsExec::ExecToLog '"$INSTDIR\${folder}\hms-server.exe" --data-dir "$Data" ${arguments}'
  Pop $0
!macroend
!define Server "!insertmacro Server"

Section "Server"
  SetOutPath "$INSTDIR"
  StrCpy $Upgrading "no"
  StrCpy $HasClinic "no"
  ${If} ${FileExists} "$INSTDIR\program\hms-server.exe"
    StrCpy $Upgrading "yes"
    Call PutAside
  ${EndIf}

  SetOutPath "$INSTDIR\program"
  ClearErrors
  File /r "${SOURCE}\*.*"
  ${If} ${Errors}
    Call GoBack
  ${EndIf}
  SetOutPath "$INSTDIR"
  CreateDirectory "$Data"

  ${Server} "program" "service install"
  ${If} $0 == 0
    ${Server} "program" "service start"
  ${EndIf}
  ${If} $0 != 0
    Call GoBack
  ${EndIf}

  RMDir /r "$INSTDIR\before"
  !insertmacro ListProgram
  DetailPrint "The server runs. Its data is in $Data."
  ${If} ${FileExists} "$Data\postgres\*.*"
    Return
  ${EndIf}
  DetailPrint 'Next, in a command window as administrator: "$INSTDIR\program\hms-server.exe" setup'
  DetailPrint 'Then, for each workstation: "$INSTDIR\program\hms-server.exe" device code'
SectionEnd

; Stops the version that runs, copies the clinic for the way back, and makes room for the new one.
Function PutAside
  ${Server} "program" "service stop"
  ${If} $0 != 0
    ${GiveUp} 2 "The server that runs could not be stopped. Nothing was changed; restart the machine and try again."
  ${EndIf}
  ${If} ${FileExists} "$Data\postgres\*.*"
    StrCpy $HasClinic "yes"
    ${Server} "program" "snapshot"
    ${If} $0 != 0
      ${Server} "program" "service start"
      ${GiveUp} 2 "The clinic could not be copied before the upgrade. Nothing was changed; make room on the disk and try again."
    ${EndIf}
  ${EndIf}
  RMDir /r "$INSTDIR\before"
  ClearErrors
  Rename "$INSTDIR\program" "$INSTDIR\before"
  ${If} ${Errors}
    ${Server} "program" "service start"
    ${GiveUp} 2 "A file of the program is in use. Nothing was changed; close the windows of hms-server and try again."
  ${EndIf}
FunctionEnd

; The new version does not come up: the one before takes its place, with the clinic as it was.
Function GoBack
  SetOutPath "$INSTDIR"
  ; Windows would start what has failed once more, in the middle of all this.
  ${If} $Upgrading == "yes"
    ${Server} "before" "service hold"
  ${Else}
    ${Server} "program" "service hold"
  ${EndIf}
  ${If} $Upgrading == "no"
    ${Server} "program" "service remove"
    RMDir /r "$INSTDIR\program"
    ${GiveUp} 2 "The service could not be started. The program was taken away again; $Data\logs says why."
  ${EndIf}
  RMDir /r "$INSTDIR\program"
  Rename "$INSTDIR\before" "$INSTDIR\program"
  ${If} $HasClinic == "yes"
    ${Server} "program" "snapshot --put-back"
  ${EndIf}
  ${Server} "program" "service install"
  ${Server} "program" "service start"
  ${GiveUp} 3 "The new version does not start here. The version before runs again; $Data\logs says why."
FunctionEnd

Function un.onInit
  SetShellVarContext all
  SetRegView 64
  ReadEnvStr $Data "PROGRAMDATA"
  StrCpy $Data "$Data\HMS Server\data"
FunctionEnd

Section "Uninstall"
  ${Server} "program" "service remove"
  ${If} $0 != 0
    ${GiveUp} 2 "The service could not be taken away. Nothing was changed; restart the machine and try again."
  ${EndIf}
  RMDir /r "$INSTDIR\program"
  RMDir /r "$INSTDIR\before"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  !insertmacro UnlistProgram
  DetailPrint "The records of the clinic stay in $Data. Only an administrator can delete that folder, by hand."
  MessageBox MB_OK|MB_ICONINFORMATION "The records of the clinic stay in $Data.$\r$\nOnly an administrator can delete that folder, by hand." /SD IDOK
SectionEnd
