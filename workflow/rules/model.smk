from readsight.wiring.model import ModelWiring

model = ModelWiring(project)


rule model_train:
    """Choose settings, train on the balanced training folds of a repeat, and calibrate on validation data."""
    input:
        unpack(model.representation_files),
        balanced=model.fold_file,
        validation="<results>/dataset/{task}/repeat{repeat}/validation.h5",
        certificate="<results>/dataset/{task}/certificate.json",
    output:
        tensors="<results>/model/{task}/{model}/repeat{repeat}/model.safetensors",
        about="<results>/model/{task}/{model}/repeat{repeat}/model.json",
    log:
        "<logs>/model_train/{task}.{model}.repeat{repeat}.log",
    benchmark:
        "<benchmarks>/model_train/{task}.{model}.repeat{repeat}.tsv"
    wildcard_constraints:
        model=one_of(model.all_model_names),
        repeat=r"\d+",
    conda:
        "../../envs/learn.yaml"
    threads: model.thread_count
    resources:
        mem_mb=model.dataset.memory_mb,
        gpu=model.gpu_count,
    params:
        code=hash_code("model_train"),
        settings=model.model_settings,
        trials=model.search_trials,
        seed=project.config.seed,
    script:
        "../../scripts/model_train.py"


rule model_predict:
    """Predict the test folds of a repeat, each with the model trained without it."""
    input:
        unpack(model.representation_files),
        test="<results>/dataset/{task}/repeat{repeat}/test.h5",
        tensors="<results>/model/{task}/{model}/repeat{repeat}/model.safetensors",
        about="<results>/model/{task}/{model}/repeat{repeat}/model.json",
        certificate="<results>/dataset/{task}/certificate.json",
    output:
        predictions="<results>/model/{task}/{model}/repeat{repeat}/predictions.parquet",
    log:
        "<logs>/model_predict/{task}.{model}.repeat{repeat}.log",
    benchmark:
        "<benchmarks>/model_predict/{task}.{model}.repeat{repeat}.tsv"
    wildcard_constraints:
        model=one_of(model.all_model_names),
        repeat=r"\d+",
    conda:
        "../../envs/learn.yaml"
    threads: model.thread_count
    resources:
        mem_mb=model.dataset.memory_mb,
    params:
        code=hash_code("model_predict"),
    script:
        "../../scripts/model_predict.py"


rule model_evaluate:
    """Score every model with intervals, compare it with each baseline, and write a verdict."""
    input:
        predictions=model.prediction_files,
        abouts=model.description_files,
        examples=model.strata_examples,
        certificate="<results>/dataset/{task}/certificate.json",
    output:
        evaluation="<results>/model/{task}/evaluation.json",
        table="<results>/model/{task}/evaluation.tsv",
        summary="<results>/model/{task}/evaluation.summary.json",
    log:
        "<logs>/model_evaluate/{task}.log",
    benchmark:
        "<benchmarks>/model_evaluate/{task}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=model.dataset.memory_mb,
    params:
        code=hash_code("model_evaluate"),
        spec=model.evaluation_spec,
        seed=project.config.seed,
    script:
        "../../scripts/model_evaluate.py"


rule model_compare:
    """Compare models of the simulated elements with the planted grammar."""
    input:
        predictions=model.prediction_files,
        abouts=model.description_files,
        truth="<results>/demo/library.truth.tsv",
    output:
        table="<results>/model/{task}/planted.tsv",
        summary="<results>/model/{task}/planted.summary.json",
    log:
        "<logs>/model_compare/{task}.log",
    benchmark:
        "<benchmarks>/model_compare/{task}.tsv"
    wildcard_constraints:
        task=one_of(model.planted_tasks),
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=mem(1000),
    params:
        code=hash_code("model_compare"),
        seed=project.config.seed,
    script:
        "../../scripts/model_compare.py"


rule model_plot:
    """Plot model comparisons, variability over splits, confusion matrices, curves, calibration, training curves and strata."""
    input:
        evaluation="<results>/model/{task}/evaluation.json",
    output:
        performance=report(
            "<results>/model/{task}/performance.svg",
            caption="../report/model_performance.rst",
            category="Models",
            subcategory="{task}",
            labels={"figure": "1 models and baselines"},
        ),
        comparisons=report(
            "<results>/model/{task}/comparisons.svg",
            caption="../report/model_comparisons.rst",
            category="Models",
            subcategory="{task}",
            labels={"figure": "2 comparisons"},
        ),
        luck=report(
            "<results>/model/{task}/luck.svg",
            caption="../report/model_luck.rst",
            category="Models",
            subcategory="{task}",
            labels={"figure": "3 variability over splits"},
        ),
        confusion=report(
            "<results>/model/{task}/confusion.svg",
            caption="../report/model_confusion.rst",
            category="Models",
            subcategory="{task}",
            labels={"figure": "4 confusion matrix, or risk groups"},
        ),
        curves=report(
            "<results>/model/{task}/curves.svg",
            caption="../report/model_curves.rst",
            category="Models",
            subcategory="{task}",
            labels={"figure": "5 ROC, precision–recall"},
        ),
        calibration=report(
            "<results>/model/{task}/calibration.svg",
            caption="../report/model_calibration.rst",
            category="Models",
            subcategory="{task}",
            labels={"figure": "6 calibration"},
        ),
        learning=report(
            "<results>/model/{task}/learning.svg",
            caption="../report/model_learning.rst",
            category="Models",
            subcategory="{task}",
            labels={"figure": "7 training curves"},
        ),
        strata=report(
            "<results>/model/{task}/strata.svg",
            caption="../report/model_strata.rst",
            category="Models",
            subcategory="{task}",
            labels={"figure": "8 strata"},
        ),
    log:
        "<logs>/model_plot/{task}.log",
    benchmark:
        "<benchmarks>/model_plot/{task}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=mem(600),
    params:
        code=hash_code("model_plot"),
    script:
        "../../scripts/model_plot.py"
