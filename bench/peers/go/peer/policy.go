package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

type policy struct{ query rego.PreparedEvalQuery }

type decision struct {
	Allow bool
	Rule  string
}

// preparePolicy compiles every .rego of the folder but its tests, once.
func preparePolicy(ctx context.Context, folder string) (*policy, error) {
	text, err := os.ReadFile(filepath.Join(folder, "data.json"))
	if err != nil {
		return nil, err
	}
	var data map[string]any
	if err := json.Unmarshal(text, &data); err != nil {
		return nil, err
	}
	options := []func(*rego.Rego){
		rego.Query("data.kms.reencrypt.decision"),
		rego.Store(inmem.NewFromObject(data)),
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.rego"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if matched, _ := filepath.Match("*_test.rego", filepath.Base(file)); matched {
			continue
		}
		module, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		options = append(options, rego.Module(file, string(module)))
	}
	query, err := rego.New(options...).PrepareForEval(ctx)
	if err != nil {
		return nil, err
	}
	return &policy{query: query}, nil
}

func (p *policy) decide(ctx context.Context, input map[string]any) (decision, error) {
	results, err := p.query.Eval(ctx, rego.EvalInput(input))
	if err != nil {
		return decision{}, err
	}
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return decision{}, errors.New("undefined decision")
	}
	answer, ok := results[0].Expressions[0].Value.(map[string]any)
	if !ok {
		return decision{}, errors.New("malformed decision")
	}
	allow, ok := answer["allow"].(bool)
	if !ok {
		return decision{}, errors.New("malformed decision")
	}
	rule, _ := answer["rule"].(string)
	return decision{Allow: allow, Rule: rule}, nil
}
