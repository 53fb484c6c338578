package main

import (
	"fmt"
	"strings"
	"unicode"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Exit codes: sysexits(3), and timeout(1)'s 124.
var exitCodes = map[codes.Code]int{
	codes.InvalidArgument:    65,
	codes.NotFound:           65,
	codes.FailedPrecondition: 65,
	codes.Unavailable:        69,
	codes.ResourceExhausted:  75,
	codes.PermissionDenied:   77,
	codes.Unauthenticated:    77,
	codes.DeadlineExceeded:   124,
}

const badCertificate = 76

// explain turns any error into one sentence and an exit code.
func explain(err error) (string, int) {
	told, isStatus := status.FromError(err)
	if !isStatus {
		return err.Error(), 70
	}
	code, known := exitCodes[told.Code()]
	if !known {
		code = 70
	}
	for _, detail := range told.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			about := info.Metadata
			return fmt.Sprintf("%s [code=%s reason=%s layer=%s side=%s rule=%s decision_id=%s]",
				told.Message(), told.Code(), info.Reason, about["layer"], about["side"],
				about["rule"], about["decision_id"]), code
		}
	}
	// No details: the answer is not the proxy's, the call did not get there.
	if strings.Contains(told.Message(), "certificate") {
		code = badCertificate
	}
	return fmt.Sprintf("%s [code=%s]", told.Message(), told.Code()), code
}

// printable replaces what a terminal would obey instead of showing.
func printable(text string) string {
	return strings.Map(func(letter rune) rune {
		if unicode.IsControl(letter) {
			return unicode.ReplacementChar
		}
		return letter
	}, text)
}
